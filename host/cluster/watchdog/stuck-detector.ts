/**
 * Decides from the looks of a watching thread whether an event loop stands still, and who was running then. Pure, and
 * without anything from outside its class: it runs from its own source text in a thread that loads no file.
 *
 * Only time is counted in which the watching thread itself ran on time. When it was late, the whole process was stopped
 * (SIGSTOP, a suspended machine, no CPU time left for it), and a loop that stood still then is not to blame.
 */

/** What is wrong. */
export interface Stuck {
  /** Place on the running board of whoever ran at every look; 0: nobody, or not one and the same. */
  readonly place: number;
  /** For how long, ms. */
  readonly stuckMs: number;
}

/** Follows one event loop. */
export class StuckDetector {
  readonly #watchdogMs: number;
  readonly #periodMs: number;
  #beat = Number.NaN;
  #lookedMs = 0;
  #stuckMs = 0;
  /** Who ran at the looks that count; undefined before the first. */
  #suspect: number | undefined;
  #looks = 0;

  /**
   * @param watchdogMs Time after which a loop without a beat is stuck.
   * @param periodMs Time between two looks, and between two beats; an eighth of that or less.
   */
  constructor(watchdogMs: number, periodMs: number) {
    this.#watchdogMs = watchdogMs;
    this.#periodMs = periodMs;
  }

  /**
   * Takes one look.
   *
   * @param nowMs Monotonic time.
   * @param beat Number of the last beat.
   * @param running Place of whoever runs now; 0: nobody.
   * @param isExcused Whether the loop may stand still.
   * @returns What is wrong; undefined while nothing is.
   */
  look(nowMs: number, beat: number, running: number, isExcused: boolean): Stuck | undefined {
    const sinceMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (beat !== this.#beat || isExcused) {
      this.#beat = beat;
      this.#stuckMs = 0;
      this.#suspect = undefined;
      this.#looks = 0;
      return undefined;
    }
    if (sinceMs > this.#periodMs * 2) return undefined;
    this.#stuckMs += sinceMs;
    // What ran at first may have ended before the loop stood still: only the second half counts.
    if (this.#stuckMs >= this.#watchdogMs / 2) this.#note(running);
    if (this.#stuckMs < this.#watchdogMs) return undefined;
    const place = this.#looks < 2 ? 0 : (this.#suspect ?? 0);
    return { place, stuckMs: Math.round(this.#stuckMs) };
  }

  #note(running: number): void {
    this.#looks += 1;
    if (this.#suspect === undefined) this.#suspect = running;
    else if (this.#suspect !== running) this.#suspect = 0;
  }
}
