/**
 * What one function may use over time: requests a second (a token bucket) and CPU time within a minute (a
 * sliding window of one-second cells). Both are asked before an invocation and neither ends one that runs.
 */
import type { Clock } from '../base/clock.ts';

/** Cells of the window; the one that is being filled counts as well, so what was used counts for up to 61 s. */
const CELLS = 60;
const CELL_MS = 1000;

/** What a function may use; absent is unlimited. */
export interface RateLimits {
  /** More than 0. The burst that is let in at once is one second's worth, at least one request. */
  readonly requestsPerSecond?: number;
  /** More than 0. */
  readonly cpuMsPerMinute?: number;
}

/** Why a request is not let in, and when to try again. */
export interface RateRefusal {
  readonly limit: 'rate' | 'cpu_budget';
  /** The limit itself, in requests a second or ms of CPU a minute. */
  readonly limitValue: number;
  /** Whole seconds, at least 1. */
  readonly retryAfterSeconds: number;
}

/** The budget of one function. */
export class RateBudget {
  readonly #clock: Clock;
  #limits: RateLimits;
  #tokens: number;
  #refilledMs: number;
  /** CPU time used, ms, by second; made when the first is charged. */
  #cells: Float64Array | undefined;
  /** Sum of the cells. */
  #usedMs = 0;
  /** Number of the second that is being filled. */
  #second: number;

  constructor(limits: RateLimits, clock: Clock) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = burstOf(limits);
    this.#refilledMs = clock.monotonicMs();
    this.#second = Math.floor(this.#refilledMs / CELL_MS);
  }

  /** Sets other limits; what was used stays used. */
  configure(limits: RateLimits): void {
    this.#refill(this.#clock.monotonicMs());
    this.#limits = limits;
    this.#tokens = Math.min(this.#tokens, burstOf(limits));
  }

  /**
   * Lets one request in, or says why not. A request that is refused uses nothing up. Costs some 0.2 µs.
   *
   * @returns Undefined if it is let in.
   */
  admit(): RateRefusal | undefined {
    const nowMs = this.#clock.monotonicMs();
    const { requestsPerSecond, cpuMsPerMinute } = this.#limits;
    if (cpuMsPerMinute !== undefined && this.#cells !== undefined) {
      this.#slide(nowMs);
      if (this.#usedMs >= cpuMsPerMinute) return this.#refuseCpu(cpuMsPerMinute, nowMs);
    }
    if (requestsPerSecond === undefined) return undefined;
    this.#refill(nowMs);
    if (this.#tokens < 1) {
      const missingMs = ((1 - this.#tokens) / requestsPerSecond) * 1000;
      return {
        limit: 'rate',
        limitValue: requestsPerSecond,
        retryAfterSeconds: wholeSeconds(missingMs),
      };
    }
    this.#tokens -= 1;
    return undefined;
  }

  /** CPU time that an invocation has used, ms. Cheap where there is no budget of CPU time. */
  chargeCpu(ms: number): void {
    if (this.#limits.cpuMsPerMinute === undefined) return;
    this.#cells ??= new Float64Array(CELLS);
    this.#slide(this.#clock.monotonicMs());
    const cell = this.#second % CELLS;
    this.#cells[cell] = (this.#cells[cell] ?? 0) + ms;
    this.#usedMs += ms;
  }

  #refill(nowMs: number): void {
    const { requestsPerSecond = 0 } = this.#limits;
    const gained = ((nowMs - this.#refilledMs) / 1000) * requestsPerSecond;
    this.#tokens = Math.min(burstOf(this.#limits), this.#tokens + gained);
    this.#refilledMs = nowMs;
  }

  /** Empties the cells of seconds that came since the last time: at most all of them. */
  #slide(nowMs: number): void {
    const cells = this.#cells;
    const second = Math.floor(nowMs / CELL_MS);
    const passed = second - this.#second;
    this.#second = second;
    if (cells === undefined || passed <= 0) return;
    if (passed >= CELLS) {
      cells.fill(0);
      this.#usedMs = 0;
      return;
    }
    for (let back = 0; back < passed; back += 1) {
      const cell = (second - back) % CELLS;
      this.#usedMs -= cells[cell] ?? 0;
      cells[cell] = 0;
    }
  }

  /** Finds the second in which enough of what was used is forgotten: 60 additions, when somebody is refused. */
  #refuseCpu(limit: number, nowMs: number): RateRefusal {
    let leftMs = this.#usedMs;
    let seconds = 0;
    while (leftMs >= limit && seconds < CELLS) {
      seconds += 1;
      leftMs -= this.#cells?.[(this.#second + seconds) % CELLS] ?? 0;
    }
    const freeMs = (this.#second + seconds) * CELL_MS - nowMs;
    return { limit: 'cpu_budget', limitValue: limit, retryAfterSeconds: wholeSeconds(freeMs) };
  }
}

function burstOf({ requestsPerSecond = 0 }: RateLimits): number {
  return Math.max(1, requestsPerSecond);
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
