/** What `throughput` measured → ratios, figures and tables. */
import { formatNumber } from '../kit/output-lines.ts';
import type { Figure, Ratio } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { WORKLOADS } from '../kit/workloads.ts';
import type { NamedGap } from '../peers/peer.ts';
import type { LoadOutcome } from './generate-load.ts';
import { latencyOf, rateOf, ratioOf, timeOf, type LoadSide, type Outcomes } from './load-side.ts';
import { GROUPS, idOf, type GroupName } from './throughput-sides.ts';

/** Everything that was measured. */
export interface Measured {
  readonly sides: readonly LoadSide[];
  readonly gaps: readonly NamedGap[];
  readonly rounds: number;
  readonly rateRounds: number;
  readonly connections: number;
  readonly closed: Outcomes<LoadOutcome>;
  /** At each share of what a side can do, by its label. */
  readonly atRate: ReadonlyMap<string, Outcomes<LoadOutcome>>;
  /** One request after the other, ms. */
  readonly alone: Outcomes<readonly number[]>;
}

const SHARES = [
  ['p50', 0.5],
  ['p99', 0.99],
  ['p99.9', 0.999],
] as const;
const HALF = 'half-load';
/** What a worker is to reach at half of what it can do, ms. */
const GOALS = [10, 20, 50] as const;
/** From here on the loader may be what limits the fastest side. */
const BUSY_LOADER = 0.9;

/** Which two sides of a group make a ratio that is stood for. */
const RATIOS: readonly (readonly [side: string, other: string])[] = [
  ['isolated', 'fastify'],
  ['reuse', 'fastify'],
  ['isolated', 'workerd'],
  ['isolated', 'jco-serve-instance'],
  ['isolated', 'wasmtime-serve'],
  ['isolated', 'isolated-jco'],
  ['reuse', 'jco-serve'],
];
const OTHER_RATIOS: readonly (readonly [name: string, side: string, other: string])[] = [
  ['p3-reuse/fastify', 'p3-reuse', 'fastify'],
  ['p3-fresh/p2-fresh', 'p3-fresh', 'isolated'],
  ['js-isolated/workerd', 'js-isolated', 'js-workerd'],
  ...(['js', 'go', 'python'] as const).flatMap((language) =>
    ['jco-serve', 'jco-serve-instance'].map((peer): [string, string, string] => [
      `${language}-isolated/${peer}`,
      `${language}-isolated`,
      `${language}-${peer}`,
    ]),
  ),
  ['files-rust:commands/fastify', 'files-rust:commands', 'fastify:commands'],
  ['upper-c:commands/fastify', 'upper-c:commands', 'fastify:commands'],
];

/** The ratios of which both sides were measured; those of hello go without a name for the work. */
export function listRatios({ closed }: Measured): readonly Ratio[] {
  const ofWorkloads = WORKLOADS.flatMap(({ name: group }) =>
    RATIOS.map(([side, other]): [string, string, string] => [
      `${side}/${other}${group === 'hello' ? '' : `:${group}`}`,
      idOf(side, group),
      idOf(other, group),
    ]),
  );
  return [...ofWorkloads, ...OTHER_RATIOS].flatMap(([name, side, other]) => {
    const value = ratioOf(closed, side, other);
    return value === undefined ? [] : [{ name, value }];
  });
}

/** Requests a second, latencies at rates and alone, and what a function costs in front of a response. */
export function listFigures(measured: Measured): readonly Figure[] {
  const { sides, closed, atRate, alone } = measured;
  return [
    ...sides.flatMap(({ id }) => figure(`rps-${id}`, rateOf(closed, id), 'requests/s')),
    ...[...atRate].flatMap(([label, outcomes]) =>
      sides.flatMap(({ id }) =>
        SHARES.flatMap(([name, share]) =>
          figure(`${name}-at-${label}:${id}`, latencyOf(outcomes, id, share), 'ms'),
        ),
      ),
    ),
    ...sides.flatMap(({ id }) =>
      SHARES.flatMap(([name, share]) =>
        figure(`warm-${name}:${id}`, timeOf(alone, id, share), 'ms'),
      ),
    ),
    ...listCosts(measured),
  ];
}

/** What the function adds to a response that Fastify gives by itself, of one request alone and of the thread's time. */
function listCosts({ closed, alone }: Measured): readonly Figure[] {
  return (['isolated', 'reuse'] as const).flatMap((side) => {
    const suffix = side === 'isolated' ? '' : `:${side}`;
    const costMs = subtract(timeOf(alone, side, 0.5), timeOf(alone, 'fastify', 0.5));
    const costSeconds = subtract(inverse(rateOf(closed, side)), inverse(rateOf(closed, 'fastify')));
    return figure(`noop-cost${suffix}`, costMs && costMs * 1e3, 'us').concat(
      figure(`noop-cost-at-full-load${suffix}`, costSeconds && costSeconds * 1e6, 'us'),
    );
  });
}

function subtract(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one - other;
}

function inverse(value: number | undefined): number | undefined {
  return value === undefined ? undefined : 1 / value;
}

function figure(name: string, value: number | undefined, unit: string): Figure[] {
  return value === undefined ? [] : [{ name, value, unit }];
}

/** A table for each group. */
export function describe(measured: Measured): readonly Table[] {
  return GROUPS.filter(
    (group) =>
      measured.sides.some((side) => side.group === group) ||
      measured.gaps.some(({ name }) => belongsTo(name, group)),
  ).map((group) => describeGroup(measured, group));
}

function describeGroup(measured: Measured, group: GroupName): Table {
  const { sides, closed, atRate, alone, gaps } = measured;
  const own = sides.filter((side) => side.group === group);
  const half = atRate.get(HALF) ?? new Map();
  const baseline = group === 'languages' ? 'js-workerd' : idOf('fastify', group);
  const isAlone = own.some(({ id }) => alone.has(id));
  const blanks = Array.from({ length: isAlone ? 9 : 6 }, () => '');
  const cell = (value: number | undefined): string =>
    value === undefined ? '' : formatNumber(value);
  return {
    title: titleOf(group),
    head: [
      'side',
      'requests/s',
      'min – max',
      `of ${group === 'languages' ? 'workerd' : 'Fastify'}`,
      ...SHARES.map(([name]) => `${name} ms at half`),
      ...(isAlone ? SHARES.map(([name]) => `${name} ms alone`) : []),
      'what',
    ],
    rows: [
      ...own.map(({ id, version }) => [
        id,
        cell(rateOf(closed, id)),
        spreadOf(closed, id),
        cell(ratioOf(closed, id, baseline)),
        ...SHARES.map(([, share]) => cell(latencyOf(half, id, share))),
        ...(isAlone ? SHARES.map(([, share]) => cell(timeOf(alone, id, share))) : []),
        version,
      ]),
      ...gaps
        .filter(({ name }) => belongsTo(name, group))
        .map(({ name, reason }) => [name].concat(blanks, `not measured: ${reason}`)),
    ],
    remarks: [describeRun(measured, own), ...describeGoals(measured, own)],
  };
}

function titleOf(group: GroupName): string {
  if (group === 'languages') return 'Throughput: hello by language, beside jco serve and workerd';
  if (group === 'commands') return 'Throughput: commands';
  return `Throughput: ${WORKLOADS.find(({ name }) => name === group)?.what ?? group}`;
}

function describeRun(
  { closed, rounds, rateRounds, connections }: Measured,
  own: readonly LoadSide[],
): string {
  const cpu = Math.max(
    0,
    ...own.flatMap(({ id }) => (closed.get(id) ?? []).map(({ loaderCpu }) => loaderCpu)),
  );
  const limited = cpu > BUSY_LOADER ? ': the fastest side may be faster than shown' : '';
  return `Requests a second: ${connections} connections that always wait for an answer, median of ${rounds} rounds, sides alternated; the loader took at most ${Math.round(cpu * 100)} % of a core${limited}. Latencies at half: an open loop at half of a side's own requests a second, from when each request was to be sent, medians of ${rateRounds} rounds' percentiles.`;
}

/** Ours that miss a goal are named, not left to be found. */
function describeGoals({ atRate }: Measured, own: readonly LoadSide[]): readonly string[] {
  const half = atRate.get(HALF) ?? new Map();
  const judged = own.filter(({ id, isPeer }) => !isPeer && half.has(id));
  if (judged.length === 0) return [];
  const misses = judged.flatMap(({ id }) =>
    SHARES.flatMap(([name, share], index) => {
      const ms = latencyOf(half, id, share) ?? 0;
      return ms > (GOALS[index] ?? 0) ? [`${id} ${name} ${formatNumber(ms)}`] : [];
    }),
  );
  const goal = `Goal at half load: p50 ${GOALS[0]} ms, p99 ${GOALS[1]} ms, p99.9 ${GOALS[2]} ms`;
  return [
    `${goal}; ${misses.length === 0 ? 'met by all of ours' : `missed: ${misses.join(', ')}`}.`,
  ];
}

function spreadOf(closed: Outcomes<LoadOutcome>, id: string): string {
  const rates = (closed.get(id) ?? []).map(({ requestsPerSecond }) => requestsPerSecond);
  if (rates.length === 0) return '';
  return `${formatNumber(Math.min(...rates))} – ${formatNumber(Math.max(...rates))}`;
}

function belongsTo(id: string, group: GroupName): boolean {
  if (id.endsWith(`:${group}`)) return true;
  if (id.includes(':')) return false;
  const isLanguage = /^(js|go|python)-/.test(id);
  return (group === 'languages' && isLanguage) || (group === 'hello' && !isLanguage);
}
