/**
 * The host's own figures of one function, as the difference of two scrapes of `/metrics`: how its instances were
 * started, what a call took of CPU and memory, how calls ended.
 */

/** What the host counted between two scrapes. Whoever else calls the function meanwhile is in it. */
export interface HostFigures {
  /** Finished invocations. */
  readonly calls: number;
  /** By outcome: `ok`, `trap`, …. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** By kind of start: `cold`, `warm`, `hot`, `none`. */
  readonly starts: Readonly<Record<string, number>>;
  /** By where the instance came from: `reset`, `prewarmed`, …. */
  readonly ways: Readonly<Record<string, number>>;
  /** Limits that were met. */
  readonly limits: Readonly<Record<string, number>>;
  /** CPU time of a call, ms. */
  readonly cpuMs: Distribution | undefined;
  /** Peak linear memory of a call, bytes. */
  readonly memoryBytes: Distribution | undefined;
  /** Mean time of a start by kind and phase, ms: `cold` → `compile` → 0.4. */
  readonly startMs: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** From a histogram with few buckets: percentiles are upper bounds. */
export interface Distribution {
  readonly mean: number;
  readonly p50AtMost: number;
  readonly p99AtMost: number;
}

/** The series of one function. */
export type FunctionSeries = readonly Sample[];

interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAMES = new Set([
  'faas_invocations_total',
  'faas_invocation_duration_seconds_count',
  'faas_instance_starts_total',
  'faas_limit_exceeded_total',
  'faas_start_seconds_sum',
  'faas_start_seconds_count',
  ...['faas_invocation_cpu_seconds', 'faas_guest_memory_bytes'].flatMap((name) =>
    ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`),
  ),
]);

/**
 * Picks the series of a function out of a scrape.
 *
 * @param text In Prometheus' text format.
 */
export function readFunctionSeries(text: string, name: string): FunctionSeries {
  const mark = `function="${name}"`;
  const samples: Sample[] = [];
  for (const [line] of text.matchAll(/^faas_.*$/gm)) {
    if (!line.includes(mark)) continue;
    const [, metric = '', labelText = '', value = ''] = /^(\w+)\{(.*)\} (\S+)/.exec(line) ?? [];
    if (!NAMES.has(metric)) continue;
    const pairs = [...labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    const labels = Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text]));
    // Another label could hold the mark in its text.
    if (labels['function'] === name) samples.push({ metric, labels, value: Number(value) });
  }
  return samples;
}

/**
 * Takes the difference.
 *
 * @returns Undefined if the host has no series of this function's own: only the most used ones have.
 */
export function compareSeries(
  before: FunctionSeries,
  after: FunctionSeries,
): HostFigures | undefined {
  const calls = sumOf(before, after, 'faas_invocations_total');
  if (calls <= 0) return undefined;
  const by = (metric: string, label: string): Readonly<Record<string, number>> =>
    groupBy(before, after, metric, label);
  return {
    calls,
    outcomes: by('faas_invocations_total', 'outcome'),
    starts: by('faas_invocation_duration_seconds_count', 'start'),
    ways: by('faas_instance_starts_total', 'way'),
    limits: by('faas_limit_exceeded_total', 'limit'),
    cpuMs: distributionOf(before, after, 'faas_invocation_cpu_seconds', 1000),
    memoryBytes: distributionOf(before, after, 'faas_guest_memory_bytes', 1),
    startMs: meanStarts(before, after),
  };
}

type Labels = Readonly<Record<string, string>>;

/** Sum of a metric's growth over all series with these labels. */
function sumOf(
  before: FunctionSeries,
  after: FunctionSeries,
  metric: string,
  labels: Labels = {},
): number {
  return total(after, metric, labels) - total(before, metric, labels);
}

function total(series: FunctionSeries, metric: string, wanted: Labels): number {
  let sum = 0;
  for (const sample of series) {
    if (sample.metric !== metric) continue;
    if (Object.entries(wanted).every(([key, value]) => sample.labels[key] === value)) {
      sum += sample.value;
    }
  }
  return sum;
}

/** Values of a label with what grew. */
function groupBy(
  before: FunctionSeries,
  after: FunctionSeries,
  metric: string,
  label: string,
): Readonly<Record<string, number>> {
  const entries = valuesOf(after, metric, label).map((value): [string, number] => [
    value,
    sumOf(before, after, metric, { [label]: value }),
  ]);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

function valuesOf(series: FunctionSeries, metric: string, label: string): readonly string[] {
  const samples = series.filter((sample) => sample.metric === metric);
  return [...new Set(samples.map(({ labels }) => labels[label] ?? ''))];
}

function distributionOf(
  before: FunctionSeries,
  after: FunctionSeries,
  metric: string,
  scale: number,
): Distribution | undefined {
  const count = sumOf(before, after, `${metric}_count`);
  if (count <= 0) return undefined;
  const bounds = valuesOf(after, `${metric}_bucket`, 'le')
    .map((le): [number, number] => [
      le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
      sumOf(before, after, `${metric}_bucket`, { le }),
    ])
    .sort(([a], [b]) => a - b);
  const atMost = (share: number): number =>
    (bounds.find(([, below]) => below >= Math.ceil(count * share))?.[0] ?? Number.NaN) * scale;
  return {
    mean: (sumOf(before, after, `${metric}_sum`) / count) * scale,
    p50AtMost: atMost(0.5),
    p99AtMost: atMost(0.99),
  };
}

function meanStarts(before: FunctionSeries, after: FunctionSeries): HostFigures['startMs'] {
  const kinds: Record<string, Record<string, number>> = {};
  for (const start of valuesOf(after, 'faas_start_seconds_count', 'start')) {
    for (const phase of valuesOf(after, 'faas_start_seconds_count', 'phase')) {
      const labels = { start, phase };
      const count = sumOf(before, after, 'faas_start_seconds_count', labels);
      if (count <= 0) continue;
      const ms = (sumOf(before, after, 'faas_start_seconds_sum', labels) / count) * 1000;
      (kinds[start] ??= {})[phase] = ms;
    }
  }
  return kinds;
}
