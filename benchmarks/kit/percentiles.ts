/** Samples → the numbers that stand for them. */

/**
 * The nearest-rank percentile: the smallest sample that at least that share of all samples does not exceed.
 * With n samples, every percentile above 1 - 1/n is the largest of them.
 *
 * @param samples At least one, in any order.
 * @param share Above 0, at most 1: 0.99 is p99.
 */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1];
  if (value === undefined) throw new Error('Cannot give a percentile: there are no samples');
  return value;
}

/** The middle sample, or the mean of the middle two. Few repeats, so the middle of two matters. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) {
    throw new Error('Cannot give a median: there are no samples');
  }
  return (lower + upper) / 2;
}
