/**
 * What an invocation took → the field `server-timing` of its reply, for versions that ask for it. Read when
 * the head is sent: what the function does afterwards, while its body is on the way, is not in it.
 *
 * @see https://www.w3.org/TR/server-timing/
 */
import type { StartKind } from '../metrics/observer.ts';
import type { Field } from '../wasi/ports.ts';

/** Where an invocation stands. */
export interface InvocationTimings {
  readonly start: StartKind;
  /** Time until its instance was ready, ms. */
  readonly startMs: number;
  /** CPU time so far, ms. */
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
}

const encoder = new TextEncoder();

/**
 * Writes the field.
 *
 * @example
 * // server-timing: start;desc="warm";dur=0.412, cpu;dur=1.833, memory;desc="1114112 bytes"
 */
export function serverTimingField(timings: InvocationTimings): Field {
  const { start, startMs, cpuMs, peakMemoryBytes } = timings;
  const metrics = [
    `start;desc="${start}";dur=${duration(startMs)}`,
    `cpu;dur=${duration(cpuMs)}`,
    `memory;desc="${peakMemoryBytes} bytes"`,
  ];
  return ['server-timing', encoder.encode(metrics.join(', '))];
}

/** Whole microseconds: finer digits are noise, and exponents are no number to the specification. */
function duration(ms: number): string {
  return String(Math.round(Math.max(0, ms) * 1000) / 1000);
}
