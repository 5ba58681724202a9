/**
 * What `/metrics` gives, by the table of metrics, by Node's and by docs/metrics.md: which series there are, which labels they
 * have, and which values the labels take whose values are fixed.
 */
import { METRICS } from '../../host/metrics/metric-names.ts';
import { ProcessMetrics } from '../../host/metrics/process-metrics.ts';
import { codeRowsOf } from '../architecture/documents.ts';
import { readSource } from '../architecture/source-files.ts';
import type { LabelMatcher } from './promql-names.ts';

/** Labels that Prometheus gives to everything it scrapes. */
const OF_SCRAPE: readonly string[] = ['job', 'instance'];
/** Labels whose values are those of a user, or a number. */
const OPEN = new Set([...OF_SCRAPE, 'function', 'version', 'process', 'le']);

/** Name of a series → its labels, those that Prometheus adds included. */
export function exportedSeries(): ReadonlyMap<string, readonly string[]> {
  const series = new Map<string, readonly string[]>();
  for (const [name, { type, labels }] of Object.entries(METRICS)) {
    const all = [...labels, ...OF_SCRAPE];
    if (type !== 'histogram') series.set(name, all);
    else addHistogram(series, name, all);
  }
  for (const [name, labels] of new ProcessMetrics().labelNames) {
    const all = [...labels, 'process', ...OF_SCRAPE];
    if (labels.includes('le')) addHistogram(series, name, all);
    else series.set(name, all);
  }
  return series;
}

function addHistogram(
  series: Map<string, readonly string[]>,
  name: string,
  labels: readonly string[],
): void {
  const without = labels.filter((label) => label !== 'le');
  series.set(`${name}_bucket`, [...without, 'le']);
  series.set(`${name}_sum`, without);
  series.set(`${name}_count`, without);
}

/** Values that a matcher asks for and docs/metrics.md does not name for this metric. */
export function findUnknownValues(
  metric: string,
  { label, operator, value }: LabelMatcher,
): readonly string[] {
  if (OPEN.has(label)) return [];
  const values = operator.includes('~') ? value.split('|') : [value];
  const documented = documentedValues(metric.replace(/_(?:bucket|sum|count)$/, ''), label);
  return values.filter((one) => !documented.has(one));
}

/** Everything that stands as code in the row of the metric and in the list item of the label. */
function documentedValues(metric: string, label: string): ReadonlySet<string> {
  const document = readSource('docs/metrics.md');
  const [, type, labels, unit, meaning = ''] =
    codeRowsOf(document).find(([name]) => name === `\`${metric}\``) ?? [];
  if (type === undefined || labels === undefined || unit === undefined) {
    throw new Error(`docs/metrics.md has no row for ${metric}`);
  }
  const [, item = ''] =
    new RegExp(`^- \`${label}\`: ([\\s\\S]*?)(?=^- |^$)`, 'm').exec(document.text) ?? [];
  return new Set([...`${meaning} ${item}`.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}
