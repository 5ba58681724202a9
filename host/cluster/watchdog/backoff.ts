/**
 * How long to wait before a process is started in place of one that ended by itself. Once is an accident: it is started at
 * once. Again and again is a loop, in which each start takes CPU time from those that serve.
 */

/** Waiting time before the second start in a row, ms; doubles from then on. */
const FIRST_MS = 100;
/** Longest waiting time, ms. */
const LAST_MS = 10_000;
/** Who ran for this long was healthy: what came before is forgotten, ms. */
const HEALTHY_MS = 60_000;

/** The restarts of processes of one kind. */
export class Backoff {
  #nextMs = 0;

  /**
   * A process ended, or could not be started.
   *
   * @param ranMs For how long it ran; 0 if it could not be started.
   * @returns How long to wait before the next one is started, ms: 0, 100, 200, 400 … 10,000.
   */
  ended(ranMs: number): number {
    const delayMs = ranMs >= HEALTHY_MS ? 0 : this.#nextMs;
    this.#nextMs = Math.min(Math.max(delayMs * 2, FIRST_MS), LAST_MS);
    return delayMs;
  }
}
