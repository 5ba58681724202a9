/**
 * A histogram as numbers that fit into JSON: its sum, then the number and the count of each bucket that is not empty.
 * Mostly few are: what is dumped was counted in a second or two.
 */
import { Histogram } from './histogram.ts';

/** `[sum, bucket, count, bucket, count, …]`, buckets ascending. */
export type HistogramDump = readonly number[];

/** Writes a histogram. */
export function dumpHistogram({ counts, sum }: Histogram): HistogramDump {
  // JSON has no other numbers, and one of them must not spoil a whole page.
  const dump = [Number.isFinite(sum) ? Math.max(0, sum) : 0];
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count > 0) dump.push(bucket, count);
  }
  return dump;
}

/** Adds what a dump has to a histogram of the same bounds. */
export function addToHistogram(histogram: Histogram, dump: HistogramDump): void {
  const { counts } = histogram;
  for (let at = 1; at < dump.length; at += 2) {
    const bucket = dump[at] ?? 0;
    counts[bucket] = (counts[bucket] ?? 0) + (dump[at + 1] ?? 0);
  }
  histogram.sum += dump[0] ?? 0;
}
