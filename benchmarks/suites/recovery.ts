/**
 * What callers notice of a function that is deployed anew, or evicted, while it is under load: errors, and latencies beside
 * those of undisturbed rounds at the same rate.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { formatNumber } from '../kit/output-lines.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { withNonce } from '../kit/nonce.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { LoadOutcome } from '../load/generate-load.ts';
import { openLoader } from '../load/loader.ts';

const QUICK = { rounds: 2, durationMs: 1500 };
const FULL = { rounds: 7, durationMs: 6000 };
/** Low enough that a busy machine keeps up: what is late then is late because of the disturbance. */
const RATE = 200;
const CONNECTIONS = 128;
/** Between two disturbances, ms. */
const PAUSE_MS = 250;
const EXAMPLE = 'hello-rust';
const CALM = 'calm';

/** Something that is done to the function again and again while it is called. */
interface Disturbance {
  readonly name: string;
  readonly act: (host: BenchHost) => Promise<void>;
}

interface Side {
  readonly disturbance: Disturbance;
  readonly outcomes: LoadOutcome[];
  /** How often it was done. */
  times: number;
}

/** The suite `recovery`. */
export const recoverySuite: Suite = {
  name: 'recovery',
  description: 'deployments and evictions under load: errors and latencies',
  run: runRecovery,
};

async function runRecovery(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const base = options.quick ? QUICK : FULL;
  const plan = { ...base, rounds: options.samples ?? base.rounds };
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure recovery: there is no ${EXAMPLE}`);
  await using host = await BenchHost.open();
  await using stack = new AsyncDisposableStack();
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  await host.deploy(EXAMPLE, example);
  const disturbances = listDisturbances(example, await readFile(example.path));
  const sides = disturbances.map((it): Side => ({ disturbance: it, outcomes: [], times: 0 }));
  const request = encodeRequest(`${EXAMPLE}.localhost`, example.request);
  for (const [index, round] of alternate(sides, plan.rounds).entries()) {
    progress(`  round ${index + 1} of ${plan.rounds}`);
    for (const side of round) {
      const load = loader.ask({
        port: host.port,
        request,
        connections: CONNECTIONS,
        requestsPerSecond: RATE,
        warmUpMs: 200,
        durationMs: plan.durationMs,
        mayFail: true,
      });
      side.times += await disturb(side.disturbance, host, load);
      side.outcomes.push(await load);
    }
  }
  return {
    suite: 'recovery',
    startedAt,
    ratios: sides.flatMap((side) => ratiosOf(side, sides)),
    figures: sides.flatMap(figuresOf),
    tables: [describe(sides, plan)],
    raw: {
      plan,
      rate: RATE,
      sides: sides.map(({ disturbance: { name }, times, outcomes }) => ({ name, times, outcomes })),
    },
  };
}

function listDisturbances(example: Example, bytes: Uint8Array): readonly Disturbance[] {
  let version = 0;
  return [
    { name: CALM, act: async () => {} },
    {
      // The same component: only what the version is told differs.
      name: 'settings',
      act: (host) => {
        version += 1;
        return host.deployBytes(EXAMPLE, bytes, { environment: [['VERSION', String(version)]] });
      },
    },
    {
      name: 'code',
      act: async (host) => void (await host.deploy(EXAMPLE, example, { bytes: withNonce(bytes) })),
    },
    {
      name: 'eviction',
      act: async (host) => {
        await host.admin.json({ method: 'POST', path: `/v1/functions/${EXAMPLE}/evict` });
      },
    },
  ];
}

/** Acts until the load is over. @returns How often. */
async function disturb(
  disturbance: Disturbance,
  host: BenchHost,
  load: Promise<unknown>,
): Promise<number> {
  const end = new AbortController();
  const over = load.finally(() => end.abort());
  // Whoever waits for the load is told.
  over.catch(() => {});
  let times = 0;
  while (!end.signal.aborted) {
    await disturbance.act(host);
    times += 1;
    await Promise.race([over, delay(PAUSE_MS)]);
  }
  return times;
}

/** Exact, while percentiles are the middle of a bucket and may lie beyond it. */
function mostOf({ outcomes }: Side): number {
  return Math.max(...outcomes.map(({ mostMs }) => mostMs));
}

function latenciesOf({ outcomes }: Side): LatencyHistogram {
  const all = new LatencyHistogram();
  for (const { latencies } of outcomes) all.merge(latencies);
  return all;
}

function errorsOf({ outcomes }: Side): number {
  return outcomes
    .flatMap(({ errors }) => Object.values(errors))
    .reduce((sum, count) => sum + count, 0);
}

function figuresOf(side: Side): readonly Figure[] {
  const latencies = latenciesOf(side);
  return [
    ...[0.5, 0.99, 0.999].map((share): Figure => ({
      name: `p${share * 100}:${side.disturbance.name}`,
      value: Math.min(latencies.percentile(share), mostOf(side)),
      unit: 'ms',
    })),
    {
      name: `max:${side.disturbance.name}`,
      value: mostOf(side),
      unit: 'ms',
    },
    { name: `errors:${side.disturbance.name}`, value: errorsOf(side), unit: 'requests' },
  ];
}

function ratiosOf(side: Side, sides: readonly Side[]): readonly Ratio[] {
  const calm = sides.find(({ disturbance }) => disturbance.name === CALM);
  if (calm === undefined || side === calm) return [];
  const value = latenciesOf(side).percentile(0.5) / latenciesOf(calm).percentile(0.5);
  return [{ name: `p50:${side.disturbance.name}/${CALM}`, value, better: 'lower' }];
}

function describe(sides: readonly Side[], { rounds, durationMs }: typeof QUICK): Table {
  return {
    title: `${EXAMPLE} at ${RATE} requests a second, disturbed`,
    head: ['disturbance', 'times', 'requests', 'errors', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'],
    rows: sides.map((side) => {
      const { name } = side.disturbance;
      const latencies = latenciesOf(side);
      const most = mostOf(side);
      const shares = [0.5, 0.99, 0.999].map((share) => Math.min(latencies.percentile(share), most));
      const kinds = side.outcomes.flatMap(({ errors }) => Object.keys(errors));
      const kind = kinds.length === 0 ? '' : ` (${[...new Set(kinds)].join(', ')})`;
      return [
        name,
        name === CALM ? '' : String(side.times),
        String(latencies.total),
        `${errorsOf(side)}${kind}`,
        ...[...shares, most].map(formatNumber),
      ];
    }),
    remarks: [
      `${rounds} rounds of ${durationMs / 1000} s, sides alternated; latencies from when a request was to be sent. \`settings\`: a new version of the same component; \`code\`: of one that was never compiled; \`eviction\`: instances closed, module dropped. Again ${PAUSE_MS} ms after it was done, for as long as the load lasts.`,
    ],
  };
}
