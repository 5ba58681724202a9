/** Starts as the client and the host saw them → one sample each; and samples → figures and rows. */
import type { StartKind } from '../../host/metrics/observer.ts';
import type { RecordedStart } from './bench-host.ts';
import type { ExchangeDuration } from './first-byte.ts';
import { formatNumber } from './output-lines.ts';
import { percentile } from './percentiles.ts';
import type { Figure } from './suite.ts';

/** One start, ms. The first two are the client's, `served` the host's own, the others what its observer was told. */
export interface StartSample {
  readonly firstByte: number;
  readonly lastByte: number;
  /** From the head of the request, parsed, until the kernel has all of the response. */
  readonly served?: number;
  readonly read?: number;
  readonly compile?: number;
  readonly instantiate?: number;
  readonly total: number;
}

type Phase = keyof StartSample;

/**
 * Phases of each kind of start that have figures, in the order in which they happen. A warm start has none but its
 * whole: usually its instance is there already, made ahead or reset.
 */
const PHASES = { cold: ['served', 'read', 'compile', 'instantiate'], warm: [] } as const;

/**
 * Puts together what the client measured and what the host reported of the same request.
 *
 * @throws {Error} If it was not the kind of start that was to be measured.
 */
export function createStartSample(
  kind: StartKind,
  { firstByteMs, lastByteMs }: ExchangeDuration,
  start: RecordedStart | undefined,
): StartSample {
  if (start?.kind !== kind) {
    throw new Error(`Cannot measure a ${kind} start: it was ${start?.kind ?? 'none'}`);
  }
  const { phases, served } = start;
  const ms = Object.entries(phases).map(([phase, seconds]) => [phase, seconds * 1000]);
  return {
    total: phases.total * 1000,
    ...Object.fromEntries(ms),
    firstByte: firstByteMs,
    lastByte: lastByteMs,
    ...(served === undefined ? {} : { served: served * 1000 }),
  };
}

/** `cold-p50:NAME`, `cold-p99:NAME` and `cold-p99.9:NAME` to the first byte, `cold-served-p50:NAME`, `cold-read-p50:NAME` … by phase. */
export function listStartFigures(
  kind: 'cold' | 'warm',
  name: string,
  samples: readonly StartSample[],
): Figure[] {
  const phases = [...PHASES[kind], 'total'] as const;
  return [
    figureOf(`${kind}-p50:${name}`, samples, 'firstByte', 0.5),
    figureOf(`${kind}-p99:${name}`, samples, 'firstByte', 0.99),
    figureOf(`${kind}-p99.9:${name}`, samples, 'firstByte', 0.999),
    ...phases.map((phase) => figureOf(`${kind}-${phase}-p50:${name}`, samples, phase, 0.5)),
  ];
}

/** Every sample of each example as JSON keeps it: one list a phase, to the microsecond. */
export function toColumns(
  samples: ReadonlyMap<string, readonly StartSample[]>,
): Record<string, Record<string, number[]>> {
  const columnsOf = (taken: readonly StartSample[]): Record<string, number[]> => {
    const phases = Object.keys(taken[0] ?? {}) as Phase[];
    const columns = phases.map((phase) => [phase, valuesOf(taken, phase).map(toMicroseconds)]);
    return Object.fromEntries(columns);
  };
  return Object.fromEntries([...samples].map(([name, taken]) => [name, columnsOf(taken)]));
}

/** Titles of the columns of `listStartCells`. */
export const START_HEAD = [
  'ms, p50 / p99',
  'samples',
  'first byte',
  'in the host',
  'of it: start',
  'read',
  'compile',
  'instantiate',
];

/** The cells of a row of the table. */
export function listStartCells(row: string, samples: readonly StartSample[]): readonly string[] {
  const phases = ['firstByte', 'served', 'total', 'read', 'compile', 'instantiate'] as const;
  const cells = phases.map((phase) => {
    const values = valuesOf(samples, phase);
    if (values.length === 0) return '';
    return [0.5, 0.99].map((share) => formatNumber(percentile(values, share))).join(' / ');
  });
  return [row, String(samples.length), ...cells];
}

function figureOf(
  name: string,
  samples: readonly StartSample[],
  phase: Phase,
  share: number,
): Figure {
  return { name, value: percentile(valuesOf(samples, phase), share), unit: 'ms' };
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function valuesOf(samples: readonly StartSample[], phase: Phase): number[] {
  return samples.map((sample) => sample[phase]).filter((value) => value !== undefined);
}
