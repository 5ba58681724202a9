/** What one HTTP/2 client may make us do without asking for anything: streams given up, pings, settings. */
import type { Clock } from '../base/clock.ts';

/** At once: what nghttp2 allows of resets. A person who closes a hundred pages is far from it. */
const MOST = 1000;
/** And a second from then on. */
const PER_SECOND = 33;

/** The budget of one connection; it fills up with time. */
export class NuisanceBudget {
  readonly #clock: Clock;
  #left = MOST;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Takes one. Returns false if none is left. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#sinceMs) / 1000) * PER_SECOND;
    this.#left = Math.min(MOST, this.#left + gained);
    this.#sinceMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
