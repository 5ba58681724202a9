/** The record `datetime` of `wasi:clocks/wall-clock`. */

/** A time since 1970 UTC. */
export interface Datetime {
  readonly seconds: bigint;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * Gives a time in WASI's form, which has no times before 1970.
 *
 * @param wallMs Milliseconds since 1970 UTC; what lies before counts as 1970.
 */
export function datetimeOf(wallMs: number): Datetime {
  const ms = Math.max(wallMs, 0);
  return { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: Math.floor((ms % 1000) * 1e6) };
}
