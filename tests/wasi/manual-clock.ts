/** A clock that moves when the test says so. */
import type { Clock } from '../../host/base/clock.ts';

/** Time stands still until `advance`. */
export class ManualClock implements Clock {
  #nowNs = 1_000_000_000n;
  readonly #timers = new Set<{ atNs: bigint; task: () => void }>();
  #timerSet = Promise.withResolvers<void>();

  /** Timers that have not fired. */
  get timers(): number {
    return this.#timers.size;
  }

  wallMs(): number {
    return 1_700_000_000_123;
  }

  monotonicMs(): number {
    return Number(this.#nowNs) / 1e6;
  }

  monotonicNs(): bigint {
    return this.#nowNs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atNs: this.#nowNs + BigInt(Math.ceil(delayMs * 1e6)), task };
    this.#timers.add(timer);
    this.#timerSet.resolve();
    return () => this.#timers.delete(timer);
  }

  /** Resolves at the next call of `after`. */
  untilTimerIsSet(): Promise<void> {
    this.#timerSet = Promise.withResolvers<void>();
    return this.#timerSet.promise;
  }

  /** Moves the clock and runs what is due. */
  advance(ms: number): void {
    this.#nowNs += BigInt(Math.round(ms * 1e6));
    for (const timer of this.#timers) {
      if (timer.atNs > this.#nowNs) continue;
      this.#timers.delete(timer);
      timer.task();
    }
  }
}
