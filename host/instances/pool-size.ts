/**
 * How many instances of a version should be there, from how it was used lately: `α × requests/s + β`.
 *
 * α is twice the mean time that an invocation holds its instance. Requests/s times that time is how many are
 * in use on average (Little's law), and requests that come independently of each other find more than
 * twice the average in use only rarely: what they find missing then is made while they wait.
 * β is 1: the next request to a function that is in use finds an instance, however rarely requests come.
 * A function that nobody called for as long as idle instances are kept has its minimum only.
 */
import type { InstanceSettings } from '../registry/model.ts';

/** Room above the average of what is in use. */
const SPREAD = 2;

/** Instances beyond those in use, while the function is in use. */
const BETA = 1;

/** Time after which what was seen counts half, ms: a few seconds, so that a rush is met and soon forgotten. */
const HALF_LIFE_MS = 5000;

/** How often averages are made while they change, ms. */
const FOLD_MS = 1000;

/** Time that must have passed before a rate means anything, ms. */
const SHORTEST_MS = 100;

/** Instances in use on average that change nothing any more. */
const NOTHING = 0.02;

/** What the size is made from. */
export interface PoolSizeFigures {
  /** Seconds: instances wanted for each request/s. */
  readonly alpha: number;
  readonly beta: number;
  readonly requestsPerSecond: number;
  /** Instances wanted, running ones included. */
  readonly wanted: number;
}

/** What bounds the size. */
export type PoolBounds = Pick<InstanceSettings, 'min' | 'max' | 'idleTimeoutMs'>;

/** Recent use of one version. Costs two additions an invocation. */
export class PoolSize {
  readonly #settings: PoolBounds;
  #arrivals = 0;
  #heldMs = 0;
  #foldedMs: number;
  #lastArrivalMs = -Infinity;
  #requestsPerMs = 0;
  /** Instances in use on average. */
  #inUse = 0;

  /**
   * @param settings Looked at each time: the fewest may change.
   * @param nowMs Monotonic time, here and below.
   */
  constructor(settings: PoolBounds, nowMs: number) {
    this.#settings = settings;
    this.#foldedMs = nowMs;
  }

  /** A request came. */
  arrived(nowMs: number): void {
    this.#arrivals += 1;
    this.#lastArrivalMs = nowMs;
  }

  /** An invocation gave its instance back. */
  held(durationMs: number): void {
    this.#heldMs += durationMs;
  }

  /** Whether there was a request within the time that idle instances are kept. */
  isInUse(nowMs: number): boolean {
    return nowMs - this.#lastArrivalMs < this.#settings.idleTimeoutMs;
  }

  /** When the size changes next, if no request comes: monotonic time, infinity if never. */
  nextChangeMs(nowMs: number): number {
    if (!this.isInUse(nowMs)) return Infinity;
    const isQuiet = nowMs - this.#lastArrivalMs >= FOLD_MS && this.#inUse < NOTHING;
    return isQuiet ? this.#lastArrivalMs + this.#settings.idleTimeoutMs : nowMs + FOLD_MS;
  }

  /** Makes averages of what was counted since the last time; call it when `nextChangeMs` says so. */
  fold(nowMs: number): void {
    const elapsedMs = nowMs - this.#foldedMs;
    if (elapsedMs < SHORTEST_MS) return;
    const kept = 0.5 ** (elapsedMs / HALF_LIFE_MS);
    this.#requestsPerMs = this.#requestsPerMs * kept + (this.#arrivals / elapsedMs) * (1 - kept);
    this.#inUse = this.#inUse * kept + (this.#heldMs / elapsedMs) * (1 - kept);
    this.#arrivals = 0;
    this.#heldMs = 0;
    this.#foldedMs = nowMs;
  }

  /**
   * How many instances are wanted besides those that run, so that the next requests find one.
   *
   * @param running Instances in use now.
   */
  wantedReady(running: number, nowMs: number): number {
    const wanted = this.#wanted(nowMs);
    // However many run: who comes next should find one as well.
    const ready = this.isInUse(nowMs) ? Math.max(wanted - running, BETA) : wanted - running;
    return Math.max(Math.min(ready, this.#settings.max - running), 0);
  }

  /** For people. */
  figures(nowMs: number): PoolSizeFigures {
    const alpha =
      this.#requestsPerMs === 0 ? 0 : (SPREAD * this.#inUse) / this.#requestsPerMs / 1000;
    return {
      alpha,
      beta: BETA,
      requestsPerSecond: this.#requestsPerMs * 1000,
      wanted: this.#wanted(nowMs),
    };
  }

  /** α × requests/s is twice the average in use: neither factor is needed by itself. */
  #wanted(nowMs: number): number {
    if (!this.isInUse(nowMs)) return this.#settings.min;
    const wanted = Math.ceil(SPREAD * this.#inUse + BETA);
    return Math.min(Math.max(wanted, this.#settings.min), this.#settings.max);
  }
}
