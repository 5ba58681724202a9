/**
 * Whether a run is worse than the last committed one: ratios are compared and never absolute times, which another
 * machine or a busy neighbour changes.
 */
import type { Ratio, SuiteResult } from '../kit/suite.ts';
import { formatNumber } from '../kit/output-lines.ts';
import type { Table } from '../kit/table.ts';

/** A ratio may be worse by this share. */
const TOLERANCE = 0.25;

/** A ratio then and now. */
export interface ComparedRatio {
  readonly suite: string;
  readonly name: string;
  /** Undefined: it was not measured then. */
  readonly before: number | undefined;
  /** Undefined: it is not measured any more. */
  readonly now: number | undefined;
  readonly verdict: 'ok' | 'worse' | 'better' | 'new' | 'missing' | 'not judged';
}

/**
 * Compares the ratios of one suite.
 *
 * @param before The last committed result of the suite; undefined if there is none.
 */
export function compareRatios(
  before: SuiteResult | undefined,
  now: SuiteResult,
): readonly ComparedRatio[] {
  const old = new Map(before?.ratios.map((ratio) => [ratio.name, ratio.value]));
  const names = new Set(now.ratios.map(({ name }) => name));
  const gone = [...old].filter(([name]) => !names.has(name));
  const { suite } = now;
  return [
    ...now.ratios.map((ratio) => compare(suite, old.get(ratio.name), ratio)),
    ...gone.map(([name, value]): ComparedRatio => ({
      suite,
      name,
      before: value,
      now: undefined,
      verdict: 'missing',
    })),
  ];
}

function compare(suite: string, before: number | undefined, ratio: Ratio): ComparedRatio {
  return { suite, name: ratio.name, before, now: ratio.value, verdict: judge(before, ratio) };
}

function judge(before: number | undefined, { value, better }: Ratio): ComparedRatio['verdict'] {
  if (before === undefined) return 'new';
  if (better === 'neither') return 'not judged';
  // Above 1 it has become worse, whichever way is the good one.
  const change = better === 'lower' ? value / before : before / value;
  if (change > 1 + TOLERANCE) return 'worse';
  return change < 1 / (1 + TOLERANCE) ? 'better' : 'ok';
}

/** The comparison for people, what is worse first. */
export function describeComparison(compared: readonly ComparedRatio[]): Table {
  const order = ['worse', 'missing', 'better', 'ok', 'new', 'not judged'];
  const sorted = compared.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const format = (value: number | undefined): string =>
    value === undefined ? '' : formatNumber(value);
  return {
    title: 'Ratios beside the last committed ones',
    head: ['suite and ratio', 'then', 'now', 'verdict'],
    rows: sorted.map(({ suite, name, before, now, verdict }) => [
      `${suite} ${name}`,
      format(before),
      format(now),
      verdict,
    ]),
    remarks: [`Worse: by more than ${TOLERANCE * 100} %. Absolute times are not compared.`],
  };
}
