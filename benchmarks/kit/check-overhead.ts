/** What the rewriting costs guest code: each kernel with and without, as ratios of CPU time. */
import { Child } from './child.ts';
import type { KernelAnswer, KernelQuestion, KernelSide } from './kernel-process.ts';
import { KERNELS } from './kernels.ts';
import { formatNumber } from './output-lines.ts';
import { median } from './percentiles.ts';
import type { Ratio } from './suite.ts';
import type { Table } from './table.ts';

/** How much is measured. V8 lays code out differently in each process, and that alone moves a kernel by some percent. */
export interface OverheadPlan {
  readonly processes: number;
  readonly rounds: number;
}

/** What was found. */
export interface Overhead {
  readonly ratios: readonly Ratio[];
  readonly table: Table;
  readonly raw: object;
}

/** A kernel, and for each side the ratio of each process. */
type Found = ReadonlyMap<string, ReadonlyMap<KernelSide, readonly number[]>>;

/** Names of the ratios, by side. */
const SIDES: readonly (readonly [KernelSide, name: string])[] = [
  ['checked', 'checked/unchecked'],
  ['checks', 'checks-alone/unchecked'],
  ['mark', 'water-mark-alone/unchecked'],
  ['control', 'unchecked/unchecked'],
];

/** Measures. */
export async function measureOverhead(
  { processes, rounds }: OverheadPlan,
  progress: (line: string) => void,
): Promise<Overhead> {
  const found = new Map(
    KERNELS.map(({ name }) => [name, new Map<KernelSide, number[]>()] as const),
  );
  for (let process = 1; process <= processes; process += 1) {
    progress(`  kernels, process ${process} of ${processes}`);
    for (const { kernel, samples } of await runKernels(rounds)) {
      for (const [side] of SIDES) {
        const ratios = samples[side].map((ms, round) => ms / (samples.unchecked[round] ?? NaN));
        const sides = found.get(kernel);
        sides?.set(side, [...(sides.get(side) ?? []), median(ratios)]);
      }
    }
  }
  return {
    ratios: SIDES.flatMap(([side, name]) => listRatios(found, side, name)),
    table: describe(found, processes, rounds),
    raw: Object.fromEntries(
      [...found].map(([kernel, sides]) => [kernel, Object.fromEntries(sides)]),
    ),
  };
}

async function runKernels(rounds: number): Promise<KernelAnswer> {
  const script = new URL('./kernel-process.ts', import.meta.url);
  const child = await Child.start<'ready', KernelQuestion, KernelAnswer>(script);
  try {
    return await child.ask({ rounds });
  } finally {
    await child.close();
  }
}

function listRatios(found: Found, side: KernelSide, name: string): Ratio[] {
  // The untouched module against itself shows how much noise there is.
  const better = side === 'control' ? 'neither' : 'lower';
  const values = [...found].map(([kernel, sides]): Ratio => ({
    name: `${name}:${kernel}`,
    value: median(sides.get(side) ?? []),
    better,
  }));
  const logarithms = values.map(({ value }) => Math.log(value));
  const mean = logarithms.reduce((sum, one) => sum + one, 0) / logarithms.length;
  return [
    ...values,
    { name: `${name}:geomean`, value: Math.exp(mean), better },
    { name: `${name}:worst`, value: Math.max(...values.map(({ value }) => value)), better },
  ];
}

function describe(found: Found, processes: number, rounds: number): Table {
  const percent = (values: readonly number[]): string => {
    const more = (median(values) - 1) * 100;
    return `${more < 0 ? '−' : '+'}${formatNumber(Math.abs(Math.round(more * 10) / 10))} %`;
  };
  return {
    title: 'What the rewriting adds to the CPU time of guest code',
    head: ['kernel', 'checks and mark', 'checks alone', 'mark alone', 'nothing (noise)'],
    rows: [...found].map(([kernel, sides]) => {
      const cells = SIDES.map(([side]) => percent(sides.get(side) ?? []));
      return [kernel].concat(cells);
    }),
    remarks: [
      `Against the module as it came, compiled separately and run in turn: median of ${rounds} rounds in each of ${processes} processes, and of these. The last column is the untouched module against itself.`,
    ],
  };
}
