/** A token bucket: a steady rate, and one second's worth (at least one token) that may be taken at once. */

/** Most tokens that wait to be taken, for a rate in tokens a second. */
export function burstOf(perSecond: number): number {
  return Math.max(1, perSecond);
}

/** Tokens of one function. The caller tells the time, monotonic ms. */
export class TokenBucket {
  #perSecond: number;
  #tokens: number;
  #refilledMs: number;

  /** @param perSecond More than 0. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = burstOf(perSecond);
    this.#refilledMs = nowMs;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Sets another rate; what was taken stays taken. */
  configure(perSecond: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#perSecond = perSecond;
    this.#tokens = Math.min(this.#tokens, burstOf(perSecond));
  }

  /** Takes up to `most` whole tokens, and says how many. */
  take(most: number, nowMs: number): number {
    this.#refill(nowMs);
    if (this.#tokens < 1) return 0;
    const taken = Math.min(most, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }

  /** Puts back what was taken and not used. */
  putBack(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens = Math.min(burstOf(this.#perSecond), this.#tokens + tokens);
  }

  /** Time until there is a whole token, as of the last call, ms. */
  get missingMs(): number {
    return (Math.max(0, 1 - this.#tokens) / this.#perSecond) * 1000;
  }

  #refill(nowMs: number): void {
    const gained = ((nowMs - this.#refilledMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(burstOf(this.#perSecond), this.#tokens + gained);
    this.#refilledMs = nowMs;
  }
}
