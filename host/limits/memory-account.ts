/**
 * Counts the linear memory of one instance against its limit. The host creates every memory and every
 * `memory.grow` of a guest ends here; a refusal is remembered, because a guest that traps after one
 * ran out of memory rather than into a bug.
 */

/** Bytes in a page of linear memory. */
export const PAGE_BYTES = 65_536;

/** The budget of one instance. */
export class MemoryAccount {
  readonly limitBytes: number;
  #bytes = 0;
  #refused = false;

  /** @param limitBytes Most bytes of all the instance's memories together. */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Bytes charged now; memories only grow, so this is the peak as well. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the guest was refused memory since the last `forgetRefusal`. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Starts a new invocation on the same instance. */
  forgetRefusal(): void {
    this.#refused = false;
  }

  /**
   * Charges pages if they fit.
   *
   * @returns False if they do not; then nothing is charged.
   */
  charge(pages: number): boolean {
    const bytes = pages * PAGE_BYTES;
    if (this.#bytes + bytes > this.limitBytes) {
      this.#refused = true;
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** Gives back pages that were charged and then not taken. */
  refund(pages: number): void {
    this.#bytes -= pages * PAGE_BYTES;
  }
}
