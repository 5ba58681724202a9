/** Counts by bucket. prom-client hashes the labels at every observation; this adds to three numbers. */

/** Upper bounds of durations, seconds: 5 µs to 60 s. */
export const DURATION_BUCKETS: readonly number[] = [
  5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25,
  0.5, 1, 5, 60,
];

/** Upper bounds of guest memory, bytes: a page to 4 GiB. */
export const MEMORY_BUCKETS: readonly number[] = [
  2 ** 16,
  2 ** 18,
  2 ** 20,
  2 ** 21,
  2 ** 22,
  2 ** 23,
  2 ** 24,
  2 ** 25,
  2 ** 26,
  2 ** 27,
  2 ** 28,
  2 ** 30,
  2 ** 32,
];

/** One histogram: a series of `_bucket`s, a `_sum` and a `_count`. */
export class Histogram {
  /** Ascending upper bounds, each included in its bucket. */
  readonly bounds: readonly number[];
  /** Observations by bucket, not cumulated; the last is above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Adds one observation. */
  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}
