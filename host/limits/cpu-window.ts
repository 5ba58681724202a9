/** CPU time used within the last minute: a sliding window of one-second cells. */

/** Cells of the window; the one that is being filled counts as well, so what was used counts for up to 61 s. */
export const WINDOW_SECONDS = 60;
const CELL_MS = 1000;

/** CPU time of one second: how many seconds ago it was, 0 to 59, and how much, ms. */
export type CpuCell = readonly [ageSeconds: number, ms: number];

/** The window of one function. The caller tells the time, monotonic ms. */
export class CpuWindow {
  /** CPU time used, ms, by second; made when the first is charged. */
  #cells: Float64Array | undefined;
  /** Sum of the cells. */
  #usedMs = 0;
  /** Number of the second that is being filled. */
  #second: number;

  constructor(nowMs: number) {
    this.#second = Math.floor(nowMs / CELL_MS);
  }

  /** What was used within the window, ms. */
  usedMs(nowMs: number): number {
    if (this.#cells !== undefined) this.#slide(nowMs);
    return this.#usedMs;
  }

  /** Adds what was used, ms. @param ageSeconds How long ago; what is older than the window changes nothing. */
  add(ms: number, nowMs: number, ageSeconds = 0): void {
    if (ageSeconds >= WINDOW_SECONDS) return;
    this.#cells ??= new Float64Array(WINDOW_SECONDS);
    this.#slide(nowMs);
    const cell = (((this.#second - ageSeconds) % WINDOW_SECONDS) + WINDOW_SECONDS) % WINDOW_SECONDS;
    this.#cells[cell] = (this.#cells[cell] ?? 0) + ms;
    this.#usedMs += ms;
  }

  /** The cells that are not empty. */
  cells(nowMs: number): readonly CpuCell[] {
    const cells = this.#cells;
    if (cells === undefined) return [];
    this.#slide(nowMs);
    const found: CpuCell[] = [];
    for (let age = 0; age < WINDOW_SECONDS; age += 1) {
      const ms = cells[(((this.#second - age) % WINDOW_SECONDS) + WINDOW_SECONDS) % WINDOW_SECONDS];
      if (ms !== undefined && ms > 0) found.push([age, ms]);
    }
    return found;
  }

  /** Time until less than `limitMs` is left of what was used: 60 additions. */
  freeInMs(limitMs: number, nowMs: number): number {
    this.#slide(nowMs);
    let leftMs = this.#usedMs;
    let seconds = 0;
    while (leftMs >= limitMs && seconds < WINDOW_SECONDS) {
      seconds += 1;
      leftMs -= this.#cells?.[(this.#second + seconds) % WINDOW_SECONDS] ?? 0;
    }
    return (this.#second + seconds) * CELL_MS - nowMs;
  }

  /** Empties the cells of seconds that came since the last time: at most all of them. */
  #slide(nowMs: number): void {
    const cells = this.#cells;
    const second = Math.floor(nowMs / CELL_MS);
    const passed = second - this.#second;
    this.#second = second;
    if (cells === undefined || passed <= 0) return;
    if (passed >= WINDOW_SECONDS) {
      cells.fill(0);
      this.#usedMs = 0;
      return;
    }
    for (let back = 0; back < passed; back += 1) {
      const cell = (second - back) % WINDOW_SECONDS;
      this.#usedMs -= cells[cell] ?? 0;
      cells[cell] = 0;
    }
  }
}
