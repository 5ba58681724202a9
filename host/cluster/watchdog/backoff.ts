/**
 * How long to wait before a process that ended by itself is started again. Once is an accident: it is started at once.
 * Again and again is a loop, in which each start takes CPU time from those that serve.
 */
import type { Clock } from '../../base/clock.ts';

/** Waiting time before the second start in a row, ms; doubles from then on. */
const FIRST_MS = 100;
/** Longest waiting time, ms. */
const LAST_MS = 10_000;
/** Who ran for this long was healthy: what came before is forgotten, ms. */
const HEALTHY_MS = 60_000;

/** The restarts of one place for a process. */
export class Backoff {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #startedMs: number | undefined;
  #nextMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** The process was started. */
  started(): void {
    this.#startedMs = this.#clock.monotonicMs();
  }

  /**
   * The process ended, or could not be started.
   *
   * @returns How long to wait before it is started again, ms: 0, 100, 200, 400 … 10,000.
   */
  ended(): number {
    const startedMs = this.#startedMs;
    this.#startedMs = undefined;
    const wasHealthy =
      startedMs !== undefined && this.#clock.monotonicMs() - startedMs >= HEALTHY_MS;
    const delayMs = wasHealthy ? 0 : this.#nextMs;
    this.#nextMs = Math.min(Math.max(delayMs * 2, FIRST_MS), LAST_MS);
    return delayMs;
  }
}
