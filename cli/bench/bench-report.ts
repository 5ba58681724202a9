/** What a load came to → the report that `faas bench --format json` prints, and the table is made of. */
import type { HostFigures } from './host-figures.ts';
import { LatencyHistogram, type HistogramJson } from './latency-histogram.ts';
import type { RunOutcome } from './load-run.ts';

/** How the load was made. */
export interface BenchPlan {
  readonly function: string;
  readonly version: number;
  readonly url: string;
  readonly mode: 'closed' | 'open' | 'cold';
  readonly connections: number;
  /** Requests a second that were to be sent; absent: as many as are answered. */
  readonly rate?: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** Rounded to what was measured: histograms are exact to about 1 %, least, mean and most exactly. */
export interface LatencyFigures {
  readonly least: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly most: number;
}

/** Answers that took from one time to another. */
export interface LatencyRow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** The report. */
export interface BenchReport extends BenchPlan {
  /** Whether it was ended before its time. */
  readonly interrupted: boolean;
  /** Time that counts, s. */
  readonly seconds: number;
  /** Answers with a status below 400. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of those answers; absent if there are none. */
  readonly latencyMs?: LatencyFigures;
  readonly histogram: readonly LatencyRow[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly unanswered: number;
  /** Share of one core that the loader took. */
  readonly loaderCpu: number;
  /** Absent if the host keeps no figures of this function, or does not show them. */
  readonly host?: HostFigures;
}

/** Rows of the histogram that people are shown. */
const ROWS = 12;

/** Builds the report. */
export function buildReport(
  plan: BenchPlan,
  outcome: RunOutcome,
  host: HostFigures | undefined,
  interrupted: boolean,
): BenchReport {
  const { latencies, leastMs, mostMs } = outcome;
  const latencyMs = latencyOf(outcome);
  return {
    ...plan,
    interrupted,
    seconds: outcome.seconds,
    requests: outcome.requests,
    requestsPerSecond: outcome.requestsPerSecond,
    statuses: outcome.statuses,
    errors: outcome.errors,
    unanswered: outcome.unanswered,
    loaderCpu: outcome.loaderCpu,
    ...(latencyMs === undefined ? {} : { latencyMs }),
    histogram: latencyMs === undefined ? [] : rowsOf(latencies, leastMs, mostMs),
    ...(host === undefined ? {} : { host }),
  };
}

function latencyOf({ latencies, leastMs, meanMs, mostMs }: RunOutcome): LatencyFigures | undefined {
  const histogram = new LatencyHistogram();
  histogram.merge(latencies);
  if (histogram.total === 0) return undefined;
  // The middle of the last bucket may lie beyond the slowest answer.
  const at = (share: number): number =>
    round(Math.min(Math.max(histogram.percentile(share), leastMs), mostMs));
  return {
    least: round(leastMs),
    mean: round(meanMs),
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p99_9: at(0.999),
    most: round(mostMs),
  };
}

/** Rows of equal ratio from the fastest to the slowest answer. */
function rowsOf(
  { leastMs, bucketsPerDoubling, counts }: HistogramJson,
  fastestMs: number,
  slowestMs: number,
): readonly LatencyRow[] {
  const factor = Math.max(1.1, (slowestMs / fastestMs) ** (1 / ROWS));
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    fromMs: round(fastestMs * factor ** index),
    toMs: round(fastestMs * factor ** (index + 1)),
    count: 0,
  }));
  for (const [bucket, count] of counts) {
    const ms = leastMs * 2 ** ((bucket + 0.5) / bucketsPerDoubling);
    const index = Math.floor(Math.log(ms / fastestMs) / Math.log(factor));
    const row = rows[Math.min(Math.max(index, 0), ROWS - 1)];
    if (row !== undefined) row.count += count;
  }
  const last = rows.findLastIndex(({ count }) => count > 0);
  return rows.slice(0, last + 1);
}

/** Whole microseconds. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
