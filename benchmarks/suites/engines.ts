/**
 * The native engine beside jco's and plain Fastify, with the Rust hello: requests a second with fresh and
 * with reused instances over HTTP, and what an instance and a call cost inside each engine.
 */
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { Child } from '../kit/child.ts';
import { EngineLab } from '../kit/engine-lab.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median, percentile } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { LoadOutcome } from '../load/generate-load.ts';
import { openLoader } from '../load/loader.ts';

const QUICK = { rounds: 3, warmUpMs: 200, durationMs: 800, samples: 2000 };
const FULL = { rounds: 7, warmUpMs: 500, durationMs: 4000, samples: 20_000 };
const CONNECTIONS = 32;
const ENGINES = ['native', 'jco'] as const;
const EXAMPLE = 'hello-rust';

type EngineName = (typeof ENGINES)[number];

interface Inside {
  readonly engine: EngineName;
  readonly instantiate: readonly number[];
  readonly firstInstance: readonly number[];
  readonly call: readonly number[];
  readonly generatedBytes: number;
}

/** The suite `engines`. */
export const enginesSuite: Suite = {
  name: 'engines',
  description: 'the native engine beside jco and plain Fastify, with the Rust hello',
  run: runEngines,
};

async function runEngines(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const plan = options.quick ? QUICK : FULL;
  const rounds = options.samples ?? plan.rounds;
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure the engines: there is no ${EXAMPLE}`);
  const inside = await measureInside(example, plan.samples, progress);
  const outcomes = await measureOverHttp(example, { ...plan, rounds }, progress);
  return {
    suite: 'engines',
    startedAt,
    ratios: [
      ratioOf(outcomes, 'native-fresh', 'jco-fresh'),
      ratioOf(outcomes, 'native-reuse', 'jco-reuse'),
      ratioOf(outcomes, 'native-reuse', 'fastify'),
      ratioOf(outcomes, 'native-fresh', 'fastify'),
    ],
    figures: [
      ...inside.flatMap(insideFigures),
      ...[...outcomes].map(([name, runs]): Figure => ({
        name: `rps-${name}`,
        value: median(runs.map(({ requestsPerSecond }) => requestsPerSecond)),
        unit: 'requests/s',
      })),
    ],
    tables: [
      {
        title: `Inside the engines, ${EXAMPLE}, µs`,
        head: ['what', 'p50', 'p99', 'p99.9'],
        rows: inside.flatMap(({ engine, instantiate, firstInstance, call }) => [
          [`${engine} instantiate`, ...threePercentiles(instantiate)],
          [`${engine} first-instance`, ...threePercentiles(firstInstance)],
          [`${engine} call`, ...threePercentiles(call)],
        ]),
        remarks: [
          'instantiate: after another one was closed, as in a host; first-instance: while all others are kept.',
        ],
      },
      {
        title: `Over HTTP, ${CONNECTIONS} connections`,
        head: ['side', 'requests/s', 'min – max'],
        rows: [...outcomes].map(([name, runs]) => {
          const rates = runs.map(({ requestsPerSecond }) => requestsPerSecond);
          const spread = `${formatNumber(Math.min(...rates))} – ${formatNumber(Math.max(...rates))}`;
          return [name, formatNumber(median(rates)), spread];
        }),
        remarks: [`Median of ${rounds} rounds, sides alternated.`],
      },
    ],
    raw: { rounds, inside: inside.map(summarise), overHttp: Object.fromEntries(outcomes) },
  };
}

async function measureInside(
  example: Example,
  samples: number,
  progress: (line: string) => void,
): Promise<readonly Inside[]> {
  const found: Inside[] = [];
  for (const engine of ENGINES) {
    progress(`  inside ${engine}`);
    await using lab = await EngineLab.open(example, engine);
    // The first tenth warms V8 up; what is left is measured.
    const warmUp = Math.ceil(samples / 10);
    await lab.measure('instantiate', warmUp);
    const instantiate = await lab.measure('instantiate', samples);
    const firstInstance = await lab.measure('first-instance', samples);
    await lab.measure('call', warmUp);
    const call = await lab.measure('call', samples);
    const { generatedBytes } = lab;
    found.push({ engine, instantiate, firstInstance, call, generatedBytes });
  }
  return found;
}

async function measureOverHttp(
  example: Example,
  plan: typeof QUICK,
  progress: (line: string) => void,
): Promise<ReadonlyMap<string, readonly LoadOutcome[]>> {
  await using stack = new AsyncDisposableStack();
  const script = new URL('../baselines/fastify-process.ts', import.meta.url);
  const fastify = stack.adopt(await Child.start<number, never, never>(script), (it) => it.close());
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  const sides = [{ name: 'fastify', port: fastify.ready, host: 'localhost' }];
  for (const engine of ENGINES) {
    const host = stack.use(await BenchHost.open({ engine }));
    for (const [name, isolation] of [
      ['fresh', 'request'],
      ['reuse', 'reuse'],
    ] as const) {
      await host.deploy(name, example, { isolation });
      sides.push({ name: `${engine}-${name}`, port: host.port, host: `${name}.localhost` });
    }
  }
  const outcomes = new Map<string, LoadOutcome[]>(sides.map(({ name }) => [name, []]));
  for (const [index, round] of alternate(sides, plan.rounds).entries()) {
    progress(`  round ${index + 1} of ${plan.rounds}`);
    for (const { name, port, host } of round) {
      const request = encodeRequest(host, example.request);
      const { warmUpMs, durationMs } = plan;
      const order = { port, request, connections: CONNECTIONS, warmUpMs, durationMs };
      outcomes.get(name)?.push(await loader.ask(order));
    }
  }
  return outcomes;
}

function ratioOf(
  outcomes: ReadonlyMap<string, readonly LoadOutcome[]>,
  side: string,
  base: string,
): Ratio {
  const bases = outcomes.get(base) ?? [];
  const ratios = (outcomes.get(side) ?? []).map(
    ({ requestsPerSecond }, round) =>
      requestsPerSecond / (bases[round]?.requestsPerSecond ?? Number.NaN),
  );
  return { name: `${side}/${base}`, value: median(ratios) };
}

function insideFigures({
  engine,
  instantiate,
  firstInstance,
  call,
  generatedBytes,
}: Inside): Figure[] {
  const figure = (
    what: string,
    samples: readonly number[],
    label: string,
    share: number,
  ): Figure => ({
    name: `${engine}-${what}-${label}`,
    value: percentile(samples, share),
    unit: 'us',
  });
  return [
    ...Object.entries({ instantiate, 'first-instance': firstInstance, call }).flatMap(
      ([what, samples]) => [
        figure(what, samples, 'p50', 0.5),
        figure(what, samples, 'p99', 0.99),
        figure(what, samples, 'p99.9', 0.999),
      ],
    ),
    { name: `${engine}-generated-kb`, value: generatedBytes / 1024, unit: 'KB' },
  ];
}

/** 1,001 quantiles stand for tens of thousands of samples: enough to draw them, and small enough to keep. */
function summarise({ engine, instantiate, firstInstance, call, generatedBytes }: Inside): object {
  return {
    engine,
    generatedBytes,
    instantiate: quantiles(instantiate),
    firstInstance: quantiles(firstInstance),
    call: quantiles(call),
  };
}

function quantiles(samples: readonly number[]): number[] {
  const sorted = samples.toSorted((a, b) => a - b);
  return Array.from({ length: 1001 }, (_, thousandth) => {
    const value = sorted[Math.round((thousandth / 1000) * (sorted.length - 1))] ?? Number.NaN;
    return Math.round(value * 1000) / 1000;
  });
}

function threePercentiles(samples: readonly number[]): string[] {
  return [0.5, 0.99, 0.999].map((share) => formatNumber(percentile(samples, share)));
}
