/** A result → its charts: those that the suite made itself, and one for the figures of each unit and for the ratios. */
import type { Chart } from '../kit/chart.ts';
import type { Figure, Ratio, SuiteResult } from '../kit/suite.ts';

/** Of more, the labels could not be read. */
const MAX_BARS = 40;
/** Values that far apart need a logarithmic axis. */
const WIDE = 50;

/** The charts of a result: its own, and its figures as bars, those of one unit together; its ratios as well. */
export function listCharts({ suite, charts = [], figures, ratios }: SuiteResult): readonly Chart[] {
  const units = [...new Set(figures.map(({ unit }) => unit))];
  return [
    ...charts,
    ...units.flatMap((unit) =>
      barsOf(
        suite,
        unit,
        figures.filter((figure) => figure.unit === unit),
      ),
    ),
    ...barsOf(suite, 'ratio', ratios),
  ];
}

function barsOf(
  suite: string,
  unit: string,
  values: readonly (Figure | Ratio)[],
): readonly Chart[] {
  // A single bar says no more than its number.
  if (values.length < 2) return [];
  const pages = Math.ceil(values.length / MAX_BARS);
  return Array.from({ length: pages }, (_, page) => {
    const points = values
      .slice(page * MAX_BARS, (page + 1) * MAX_BARS)
      .map(({ name, value }): [string, number] => [name, value]);
    const positive = points.map(([, value]) => value).filter((value) => value > 0);
    const isWide = Math.max(...positive) / Math.min(...positive) > WIDE;
    const place = pages === 1 ? '' : `-${page + 1}`;
    return {
      name: `${suite}-${unit.replaceAll('%', 'percent').replaceAll(/[^A-Za-z0-9]+/g, '-')}${place}`,
      title: `${suite}, ${unit}`,
      kind: 'bars' as const,
      unit,
      isLogarithmic: isWide && positive.length === points.length,
      series: [{ name: suite, points }],
    };
  });
}
