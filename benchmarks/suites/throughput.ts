/**
 * How many requests a second each example serves, with a fresh instance for each and with a reused one,
 * beside plain Fastify saying hello on the same machine at the same time.
 *
 * Sides alternate, round by round. A ratio is made of the two sides of one round, and the median of the
 * rounds stands for it: a neighbour that takes half the machine for a minute halves both.
 */
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { Child } from '../kit/child.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { LoadOutcome } from '../load/generate-load.ts';
import { openLoader } from '../load/loader.ts';

const QUICK = { rounds: 3, warmUpMs: 100, durationMs: 500 };
const FULL = { rounds: 7, warmUpMs: 500, durationMs: 4000 };
const CONNECTIONS = 32;
/** From here on the loader may be what limits the fastest side. */
const BUSY_LOADER = 0.9;
const BASELINE = 'fastify';

/** Something that is loaded. */
interface Side {
  /** `fastify`, `fresh:hello-rust`, `reuse:hello-rust`. */
  readonly name: string;
  readonly port: number;
  readonly request: Uint8Array;
  /** What deploy found out about it. */
  readonly findings: readonly string[];
}

/** A side and what each round came to. */
interface MeasuredSide {
  readonly name: string;
  readonly findings: readonly string[];
  readonly rounds: readonly LoadOutcome[];
  /** Its requests a second over those of Fastify in the same round. */
  readonly ratios: readonly number[];
  readonly latencies: LatencyHistogram;
}

/** The suite `throughput`. */
export const throughputSuite: Suite = {
  name: 'throughput',
  description: 'requests a second of each example, fresh and reused, beside plain Fastify',
  run: runThroughput,
};

async function runThroughput(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const plan = options.quick ? QUICK : FULL;
  const sides = await measure(
    options,
    { ...plan, rounds: options.samples ?? plan.rounds },
    progress,
  );
  const guests = sides.filter(({ name }) => name !== BASELINE);
  return {
    suite: 'throughput',
    startedAt,
    ratios: guests.map(({ name, ratios }): Ratio => ({
      name: `${name}/${BASELINE}`,
      value: median(ratios),
    })),
    figures: sides.flatMap(listFigures),
    tables: [describe(sides)],
    raw: {
      connections: CONNECTIONS,
      warmUpMs: plan.warmUpMs,
      durationMs: plan.durationMs,
      sides: Object.fromEntries(
        sides.map(({ name, findings, rounds }) => [name, { findings, rounds }]),
      ),
    },
  };
}

async function measure(
  options: SuiteOptions,
  plan: typeof QUICK,
  progress: (line: string) => void,
): Promise<readonly MeasuredSide[]> {
  await using host = await BenchHost.open();
  await using stack = new AsyncDisposableStack();
  const script = new URL('../baselines/fastify-process.ts', import.meta.url);
  const fastify = stack.adopt(await Child.start<number, never, never>(script), (it) => it.close());
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  const sides = [
    {
      name: BASELINE,
      port: fastify.ready,
      request: encodeRequest('localhost', HELLO),
      findings: [],
    },
    ...(await deploySides(host, listExamples(options.only))),
  ];
  const outcomes = new Map<string, LoadOutcome[]>(sides.map(({ name }) => [name, []]));
  const { warmUpMs, durationMs } = plan;
  for (const [index, round] of alternate(sides, plan.rounds).entries()) {
    progress(`  round ${index + 1} of ${plan.rounds}`);
    for (const { name, port, request } of round) {
      const order = { port, request, connections: CONNECTIONS, warmUpMs, durationMs };
      const outcome = await loader.ask(order).catch((error: unknown) => {
        throw new Error(`Cannot measure "${name}"`, { cause: error });
      });
      outcomes.get(name)?.push(outcome);
    }
  }
  const baseline = outcomes.get(BASELINE) ?? [];
  return sides.map((side) => toMeasuredSide(side, outcomes.get(side.name) ?? [], baseline));
}

const HELLO = { method: 'GET', path: '/', body: '' } as const;

/** Deploys every example once with fresh instances and, where it can be, once with reused ones. */
async function deploySides(host: BenchHost, examples: readonly Example[]): Promise<Side[]> {
  const sides: Side[] = [];
  for (const example of examples) {
    const { name, kind, request } = example;
    const isolations = kind === 'http' ? (['request', 'reuse'] as const) : (['request'] as const);
    for (const isolation of isolations) {
      const prefix = isolation === 'request' ? 'fresh' : 'reuse';
      const findings = await host.deploy(`${prefix}-${name}`, example, { isolation });
      const bytes = encodeRequest(`${prefix}-${name}.localhost`, request);
      sides.push({ name: `${prefix}:${name}`, port: host.port, request: bytes, findings });
    }
  }
  return sides;
}

function toMeasuredSide(
  { name, findings }: Side,
  rounds: readonly LoadOutcome[],
  baseline: readonly LoadOutcome[],
): MeasuredSide {
  const latencies = new LatencyHistogram();
  for (const round of rounds) latencies.merge(round.latencies);
  const ratios = rounds.map(
    ({ requestsPerSecond }, index) =>
      requestsPerSecond / (baseline[index]?.requestsPerSecond ?? Number.NaN),
  );
  return { name, findings, rounds, ratios, latencies };
}

function listFigures({ name, rounds, latencies }: MeasuredSide): Figure[] {
  const rates = rounds.map(({ requestsPerSecond }) => requestsPerSecond);
  const latency = (label: string, share: number): Figure => ({
    name: `latency-${label}-${name}`,
    value: latencies.percentile(share),
    unit: 'ms',
  });
  return [
    { name: `rps-${name}`, value: median(rates), unit: 'requests/s' },
    latency('p50', 0.5),
    latency('p99', 0.99),
    latency('p99.9', 0.999),
  ];
}

function describe(sides: readonly MeasuredSide[]): Table {
  const cpu = Math.max(...sides.flatMap(({ rounds }) => rounds.map(({ loaderCpu }) => loaderCpu)));
  const limited = cpu > BUSY_LOADER ? ': the fastest side may be faster than shown' : '';
  return {
    title: `Throughput, ${CONNECTIONS} connections`,
    head: ['side', 'requests/s', 'min – max', 'of Fastify', 'p50 ms', 'p99 ms', 'p99.9 ms'],
    rows: sides.map(({ name, rounds, ratios, latencies }) => {
      const rates = rounds.map(({ requestsPerSecond }) => requestsPerSecond);
      return [
        name,
        formatNumber(median(rates)),
        `${formatNumber(Math.min(...rates))} – ${formatNumber(Math.max(...rates))}`,
        formatNumber(median(ratios)),
        ...[0.5, 0.99, 0.999].map((share) => formatNumber(latencies.percentile(share))),
      ];
    }),
    remarks: [
      `Median of ${sides[0]?.rounds.length ?? 0} rounds, sides alternated; latencies of all rounds, every connection always waiting for an answer. The loader took at most ${Math.round(cpu * 100)} % of a core${limited}.`,
    ],
  };
}
