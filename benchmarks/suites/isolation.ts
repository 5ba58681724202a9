/**
 * What it costs that no invocation sees the state of another one: requests a second of the Rust hello beside plain
 * Fastify, and the 99th percentile of both at half of that load. Ways to get there side by side: the host's own choice, a
 * fresh instance each time, a reset of all memory, a reset of what was written.
 */
import { alternate } from '../kit/alternate.ts';
import { BenchHost, type BenchStrategy } from '../kit/bench-host.ts';
import { Child } from '../kit/child.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { LoadOutcome } from '../load/generate-load.ts';
import { openLoader, type Loader } from '../load/loader.ts';

const QUICK = { rounds: 3, warmUpMs: 200, durationMs: 600 };
const FULL = { rounds: 7, warmUpMs: 1000, durationMs: 5000 };
const CONNECTIONS = 32;
/** An open loop needs a free connection for each request that waits. */
const RATE_CONNECTIONS = 128;
/** A side is measured at a rate only if it can do that much more: beyond, requests pile up and time is all they show. */
const ROOM = 1.3;
const EXAMPLE = 'hello-rust';
const BASELINE = 'fastify';
const ISOLATED = 'isolated';

/** Ways to isolate, by the name of the side. The first is what a user gets. */
const WAYS: readonly (readonly [name: string, strategy: BenchStrategy])[] = [
  [ISOLATED, 'auto'],
  ['isolated-fresh', 'fresh'],
  ['isolated-full-reset', 'full-reset'],
  ['isolated-bounded-reset', 'reset'],
];

/** Something that is loaded. */
interface Side {
  readonly name: string;
  readonly port: number;
  readonly request: Uint8Array;
}

/** Outcomes of each round, by side. */
type Outcomes = ReadonlyMap<string, readonly LoadOutcome[]>;

/** The suite `isolation`. */
export const isolationSuite: Suite = {
  name: 'isolation',
  description:
    'isolated requests of the Rust hello beside plain Fastify, fresh and reset instances',
  run: runIsolation,
};

async function runIsolation(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const base = options.quick ? QUICK : FULL;
  const plan = { ...base, rounds: options.samples ?? base.rounds };
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure isolation: there is no ${EXAMPLE}`);
  await using stack = new AsyncDisposableStack();
  const sides = await openSides(stack, example);
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  const closed = await measureClosed(sides, loader, plan, progress);
  const rate = rateOf(closed, ISOLATED) / 2;
  const roomy = sides.filter(({ name }) => rateOf(closed, name) >= rate * ROOM);
  const open = await measureOpen(roomy, loader, rate, plan, progress);
  const guests = WAYS.map(([name]) => name);
  return {
    suite: 'isolation',
    startedAt,
    ratios: [
      ...guests.map((name): Ratio => ({
        name: `${name}/${BASELINE}`,
        value: median(ratiosOf(closed, name)),
      })),
      ...guests
        .filter((name) => open.has(name))
        .map((name): Ratio => ({
          name: `p99-at-half-load:${name}/${BASELINE}`,
          value: latencyOf(open, name, 0.99) / latencyOf(open, BASELINE, 0.99),
          better: 'lower',
        })),
    ],
    figures: listFigures(closed, open, rate),
    tables: [describe(closed, open, rate, plan.rounds)],
    raw: { ...plan, rate, closed: Object.fromEntries(closed), open: Object.fromEntries(open) },
  };
}

async function openSides(stack: AsyncDisposableStack, example: Example): Promise<readonly Side[]> {
  const script = new URL('../baselines/fastify-process.ts', import.meta.url);
  const fastify = stack.adopt(await Child.start<number, never, never>(script), (it) => it.close());
  const sides: Side[] = [
    { name: BASELINE, port: fastify.ready, request: encodeRequest('localhost', example.request) },
  ];
  for (const [name, strategy] of WAYS) {
    const host = stack.use(await BenchHost.open({ engine: 'native', strategy }));
    await host.deploy(name, example);
    const request = encodeRequest(`${name}.localhost`, example.request);
    sides.push({ name, port: host.port, request });
  }
  return sides;
}

/** Every connection always waits for an answer: the most a side can do. */
function measureClosed(
  sides: readonly Side[],
  loader: Loader,
  { rounds, warmUpMs, durationMs }: typeof QUICK,
  progress: (line: string) => void,
): Promise<Outcomes> {
  return measureRounds(
    sides,
    rounds,
    (round) => progress(`  full load, round ${round}`),
    (side) => loader.ask({ ...orderOf(side), connections: CONNECTIONS, warmUpMs, durationMs }),
  );
}

/** The same rate for all: how long answers take when there is room. */
function measureOpen(
  sides: readonly Side[],
  loader: Loader,
  requestsPerSecond: number,
  { rounds, warmUpMs, durationMs }: typeof QUICK,
  progress: (line: string) => void,
): Promise<Outcomes> {
  const connections = RATE_CONNECTIONS;
  return measureRounds(
    sides,
    rounds,
    (round) => progress(`  half load, round ${round}`),
    (side) =>
      loader.ask({ ...orderOf(side), connections, requestsPerSecond, warmUpMs, durationMs }),
  );
}

async function measureRounds(
  sides: readonly Side[],
  rounds: number,
  onRound: (round: string) => void,
  measure: (side: Side) => Promise<LoadOutcome>,
): Promise<Outcomes> {
  const outcomes = new Map<string, LoadOutcome[]>(sides.map(({ name }) => [name, []]));
  for (const [index, round] of alternate(sides, rounds).entries()) {
    onRound(`${index + 1} of ${rounds}`);
    for (const side of round) {
      const outcome = await measure(side).catch((error: unknown) => {
        throw new Error(`Cannot measure "${side.name}"`, { cause: error });
      });
      outcomes.get(side.name)?.push(outcome);
    }
  }
  return outcomes;
}

function orderOf({ port, request }: Side): { port: number; request: Uint8Array } {
  return { port, request };
}

function rateOf(outcomes: Outcomes, name: string): number {
  return median((outcomes.get(name) ?? []).map(({ requestsPerSecond }) => requestsPerSecond));
}

function ratiosOf(outcomes: Outcomes, name: string): number[] {
  const baseline = outcomes.get(BASELINE) ?? [];
  return (outcomes.get(name) ?? []).map(
    ({ requestsPerSecond }, round) =>
      requestsPerSecond / (baseline[round]?.requestsPerSecond ?? Number.NaN),
  );
}

/** The median of the rounds' percentiles: one round in which the machine was busy does not decide. */
function latencyOf(outcomes: Outcomes, name: string, share: number): number {
  return median(
    (outcomes.get(name) ?? []).map(({ latencies }) => {
      const histogram = new LatencyHistogram();
      histogram.merge(latencies);
      return histogram.percentile(share);
    }),
  );
}

function listFigures(closed: Outcomes, open: Outcomes, rate: number): Figure[] {
  const names = [...closed.keys()];
  return [
    { name: 'half-load', value: rate, unit: 'requests/s' },
    ...names.map((name): Figure => ({
      name: `rps-${name}`,
      value: rateOf(closed, name),
      unit: 'requests/s',
    })),
    ...[...open.keys()].flatMap((name) =>
      [0.5, 0.99, 0.999].map((share): Figure => ({
        name: `p${share * 100}-at-half-load:${name}`,
        value: latencyOf(open, name, share),
        unit: 'ms',
      })),
    ),
  ];
}

function describe(closed: Outcomes, open: Outcomes, rate: number, rounds: number): Table {
  return {
    title: `Isolation, ${EXAMPLE}`,
    head: ['side', 'requests/s', 'of Fastify', 'p50 ms', 'p99 ms', 'p99.9 ms'],
    rows: [...closed.keys()].map((name) => {
      const rates = [rateOf(closed, name), median(ratiosOf(closed, name))].map(formatNumber);
      const latencies = [0.5, 0.99, 0.999].map((share) =>
        open.has(name) ? formatNumber(latencyOf(open, name, share)) : '',
      );
      return [name].concat(rates, latencies);
    }),
    remarks: [
      `Requests a second with ${CONNECTIONS} connections that always wait for an answer; latencies at ${formatNumber(rate)} requests a second for every side, which is half of what "${ISOLATED}" can do, from when each was to be sent. Sides that can do less than ${ROOM} times that have none. Medians of ${rounds} rounds, sides alternated.`,
    ],
  };
}
