/** Reports as chance has them, but the same each time: what one process sees, many may see in parts. */
import {
  EVICTION_REASONS,
  OUTCOMES,
  START_KINDS,
  START_WAYS,
} from '../../host/metrics/label-values.ts';
import type { Observer } from '../../host/metrics/observer.ts';

/** Numbers from 0 to 1; mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One report, to be made to any observer. */
export type Report = (observer: Observer) => void;

/** @param functions How many functions there are: `fn-0` … */
export function randomReport(random: () => number, functions: number): Report {
  const pick = <T>(set: Iterable<T>): T => {
    const values = [...set];
    return values[Math.floor(random() * values.length)] as T;
  };
  const name = `fn-${Math.floor(random() * functions)}`;
  // Multiples of a power of two: their sums are exact in any order.
  const seconds = Math.floor(random() ** 6 * 100 * 2 ** 20) / 2 ** 20;
  const kind = pick(START_KINDS);
  const invocation = {
    function: name,
    version: 1 + Math.floor(random() * 3),
    trigger: random() < 0.5 ? ('http' as const) : ('invoke' as const),
    outcome: pick(OUTCOMES),
    seconds,
    ...(random() < 0.7 && {
      start: kind,
      peakMemoryBytes: Math.floor(random() * 2 ** 33),
      cpuSeconds: seconds / 2,
    }),
  };
  const way = pick(START_WAYS);
  const reason = pick(EVICTION_REASONS);
  const limit = pick(['cpu', 'memory', 'queue', 'cpu_budget']);
  const cache = pick(['hit', 'miss', 'eviction'] as const);
  const phases = { total: seconds, ...(random() < 0.5 && { compile: seconds / 4 }) };
  const reports: readonly Report[] = [
    (observer) => observer.invocation(invocation),
    (observer) => observer.start(name, kind, phases),
    (observer) => observer.instances(name, 'running', 1),
    (observer) => observer.instances(name, 'warm', 1),
    (observer) => observer.instancesWanted(name, 2),
    (observer) => observer.queue(name, 1),
    (observer) => observer.instanceStart(name, way),
    (observer) => observer.evicted(name, reason),
    (observer) => observer.limitExceeded(name, limit),
    (observer) => observer.shed(name),
    (observer) => observer.cache(cache),
  ];
  return reports[Math.floor(random() * reports.length)] ?? (() => {});
}
