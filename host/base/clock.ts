/** Time as a port, so that tests decide what time it is. Wall time and monotonic time are apart. */

/** A source of time. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970 UTC; may jump. */
  wallMs(): number;
  /** Monotonic time in milliseconds with microsecond digits; never goes back. */
  monotonicMs(): number;
  /** Monotonic time in nanoseconds. */
  monotonicNs(): bigint;
  /** Runs `task` once after `delayMs` (0 to 2^31-1) unless the returned function is called first. The timer keeps no process alive. */
  after(delayMs: number, task: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = Object.freeze({
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  monotonicNs: () => process.hrtime.bigint(),
  after: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), 2_147_483_647)).unref();
    return () => clearTimeout(timer);
  },
});
