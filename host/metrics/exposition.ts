/**
 * Prometheus' text format, version 0.0.4, in pieces small enough to yield between them. prom-client writes a
 * line in about 15 µs, which for 200 functions' histograms stops the event loop for half a second.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Histogram } from './histogram.ts';
import { METRICS, type MetricName } from './metric-names.ts';

/** The two lines before the samples of a metric. */
export function writeHeader(name: MetricName): string {
  const { help, type } = METRICS[name];
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/**
 * One sample.
 *
 * @param labels As `writeLabels` gives them, or empty.
 */
export function writeSample(name: MetricName, labels: string, value: number): string {
  return labels === ''
    ? `${name} ${writeValue(value)}\n`
    : `${name}{${labels}} ${writeValue(value)}\n`;
}

/** Labels without braces: `function="app",start="warm"`. */
export function writeLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',');
}

/** The samples of one histogram. @param labels Not empty. */
export function writeHistogram(name: MetricName, labels: string, histogram: Histogram): string {
  const { bounds, counts, sum } = histogram;
  const start = `${name}_bucket{${labels},le="`;
  let text = '';
  let cumulated = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    cumulated += counts[bucket] ?? 0;
    text += `${start}${bounds[bucket] ?? '+Inf'}"} ${cumulated}\n`;
  }
  return `${text}${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${cumulated}\n`;
}

function writeValue(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
