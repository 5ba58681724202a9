/**
 * What one function may use over time: requests a second (a token bucket) and CPU time within a minute (a
 * sliding window). Both are asked before an invocation and neither ends one that runs.
 */
import type { Clock } from '../base/clock.ts';
import { CpuWindow } from './cpu-window.ts';
import { TokenBucket } from './token-bucket.ts';

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

/** The budget of one function over time: of a host that is one process, or of all its workers together. */
export interface FunctionRate {
  /**
   * Lets one request in, or says why not. A request that is refused uses nothing up.
   *
   * @returns Undefined if it is let in; a promise, which settles within 50 ms, only if others have to be asked.
   */
  admit(): RateRefusal | undefined | Promise<RateRefusal | undefined>;
  /** CPU time that an invocation has used, ms. Cheap where there is no budget of CPU time. */
  chargeCpu(ms: number): void;
  /** Sets other limits; what was used stays used. */
  configure(limits: RateLimits): void;
  /** The function is gone. */
  close(): void;
}

/** The budget of a function in one process. */
export class RateBudget implements FunctionRate {
  readonly #clock: Clock;
  readonly #window: CpuWindow;
  #limits: RateLimits;
  #bucket: TokenBucket | undefined;

  constructor(limits: RateLimits, clock: Clock) {
    const nowMs = clock.monotonicMs();
    this.#clock = clock;
    this.#limits = limits;
    this.#window = new CpuWindow(nowMs);
    this.configure(limits);
  }

  configure(limits: RateLimits): void {
    const { requestsPerSecond } = limits;
    const nowMs = this.#clock.monotonicMs();
    this.#limits = limits;
    if (requestsPerSecond === undefined) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = new TokenBucket(requestsPerSecond, nowMs);
    else this.#bucket.configure(requestsPerSecond, nowMs);
  }

  /** Costs some 0.2 µs. */
  admit(): RateRefusal | undefined {
    const nowMs = this.#clock.monotonicMs();
    const { cpuMsPerMinute } = this.#limits;
    if (cpuMsPerMinute !== undefined && this.#window.usedMs(nowMs) >= cpuMsPerMinute) {
      return refuseCpu(this.#window, cpuMsPerMinute, nowMs);
    }
    const bucket = this.#bucket;
    if (bucket === undefined || bucket.take(1, nowMs) === 1) return undefined;
    return refuseRate(bucket.perSecond, bucket.missingMs);
  }

  chargeCpu(ms: number): void {
    if (this.#limits.cpuMsPerMinute === undefined) return;
    this.#window.add(ms, this.#clock.monotonicMs());
  }

  close(): void {
    // It holds nothing.
  }
}

/** @param waitMs Time until the next request may come. */
export function refuseRate(perSecond: number, waitMs: number): RateRefusal {
  return { limit: 'rate', limitValue: perSecond, retryAfterSeconds: wholeSeconds(waitMs) };
}

/** Finds when enough of what was used is forgotten. */
export function refuseCpu(window: CpuWindow, limitMs: number, nowMs: number): RateRefusal {
  const retryAfterSeconds = wholeSeconds(window.freeInMs(limitMs, nowMs));
  return { limit: 'cpu_budget', limitValue: limitMs, retryAfterSeconds };
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
