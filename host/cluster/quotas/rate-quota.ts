/** Requests a second that all workers together may let in: a bucket, of which workers get tokens some at a time. */
import { TokenBucket } from '../../limits/token-bucket.ts';

/** Shortest time after which a worker that got no token asks again, ms: tokens add up in the meantime. */
const LEAST_RETRY_MS = 2;

/** What a worker gets. */
export interface TokenAnswer {
  readonly units: number;
  /** When to ask again, ms; 0: at any time. */
  readonly retryMs: number;
}

/** The bucket of one function. */
export class RateQuota {
  readonly #bucket: TokenBucket;
  /** What each worker got last: it asks again when that is used, so it can put back no more. */
  readonly #lent = new Map<string, number>();

  constructor(perSecond: number, nowMs: number) {
    this.#bucket = new TokenBucket(perSecond, nowMs);
  }

  configure(perSecond: number, nowMs: number): void {
    if (perSecond !== this.#bucket.perSecond) this.#bucket.configure(perSecond, nowMs);
  }

  /** Takes back what a worker did not use, and lends it what it wants, as far as there is any. */
  ask(worker: string, want: number, unused: number, nowMs: number): TokenAnswer {
    const lent = this.#lent.get(worker) ?? 0;
    const back = Math.min(unused, lent);
    if (back > 0) this.#bucket.putBack(back, nowMs);
    if (want === 0) {
      this.#lent.set(worker, lent - back);
      return { units: 0, retryMs: 0 };
    }
    const units = this.#bucket.take(want, nowMs);
    this.#lent.set(worker, units);
    const retryMs = units === want ? 0 : Math.max(LEAST_RETRY_MS, this.#bucket.missingMs);
    return { units, retryMs };
  }

  /** A worker is gone; what it got counts as used. */
  leave(worker: string): void {
    this.#lent.delete(worker);
  }
}
