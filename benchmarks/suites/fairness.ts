/**
 * How long a light function takes while others take more than their share of the same thread: CPU, memory, connections
 * that are not read. One request after the other; neighbours alternate, round by round. The same at peers.
 */
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { listExamples } from '../kit/examples.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import {
  burners,
  hogs,
  nobody,
  slowReaders,
  type NoisyNeighbour,
} from '../kit/noisy-neighbours.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median, percentile } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { openTemporaryDirectory } from '../kit/temporary-directory.ts';
import { encodeRequest } from '../load/encode-request.ts';
import {
  describePeers,
  listPeerFigures,
  measurePeerFairness,
  type PeerPlan,
} from '../peers/peer-fairness.ts';

const QUICK = { rounds: 2, requests: 150 };
const FULL = { rounds: 7, requests: 3000 };
const QUICK_PEERS: PeerPlan = { rounds: 1, requests: 100, limitMs: 500, totalMs: 1000 };
const FULL_PEERS: PeerPlan = { rounds: 3, requests: 1000, limitMs: 2000, totalMs: 6000 };
/** Before samples count. */
const WARM_UP = 20;
const EXAMPLE = 'hello-rust';

interface Side {
  readonly neighbour: NoisyNeighbour;
  /** Times to the last byte, ms, of each round. */
  readonly rounds: (readonly number[])[];
  /** How much of the time the thread of the host computed, 0 to 1, of each round. */
  readonly busy: number[];
}

/** The suite `fairness`. */
export const fairnessSuite: Suite = {
  name: 'fairness',
  description: 'latency of a light function beside burners, memory hogs and slow readers; peers',
  run: runFairness,
};

async function runFairness(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const base = options.quick ? QUICK : FULL;
  const plan = { ...base, rounds: options.samples ?? base.rounds };
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure fairness: there is no ${EXAMPLE}`);
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await BenchHost.open({ engine: 'native' }));
  await host.deploy('light', example);
  const sides = [nobody, burners, hogs, slowReaders].map((neighbour): Side => ({
    neighbour,
    rounds: [],
    busy: [],
  }));
  for (const { neighbour } of sides) await neighbour.prepare(host);
  const request = encodeRequest('light.localhost', example.request);
  for (const [index, round] of alternate(sides, plan.rounds).entries()) {
    for (const side of round) {
      progress(`  ${side.neighbour.name}, round ${index + 1} of ${plan.rounds}`);
      await measureRound(host, side, request, plan.requests);
    }
  }
  const directory = stack.adopt(await openTemporaryDirectory(), (it) => it.close());
  const peerPlan = options.quick ? QUICK_PEERS : FULL_PEERS;
  const peers = await measurePeerFairness(directory.path, peerPlan, progress);
  return {
    suite: 'fairness',
    startedAt,
    ratios: sides.slice(1).map((side): Ratio => ({
      name: `p50:${side.neighbour.name}/${nobody.name}`,
      value: median(
        side.rounds.map((samples, round) => percentile(samples, 0.5) / p50Of(sides, round)),
      ),
      better: 'lower',
    })),
    figures: [...sides.flatMap(figuresOf), ...listPeerFigures(peers)],
    tables: [describe(sides, plan), describePeers(peers, peerPlan)],
    raw: {
      plan,
      sides: sides.map(({ neighbour, rounds, busy }) => ({ name: neighbour.name, rounds, busy })),
      peerPlan,
      gaps: peers.gaps,
      // JSON has no infinity: null is a request without an answer in time.
      peers: peers.sides.map(({ peer, neighbour, version, rounds }) => ({
        name: `${peer.name}:${neighbour.name}`,
        version,
        rounds,
      })),
    },
  };
}

async function measureRound(
  host: BenchHost,
  side: Side,
  request: Uint8Array,
  requests: number,
): Promise<void> {
  const end = await side.neighbour.begin(host);
  try {
    using client = new FirstByteClient(host.port);
    for (let left = WARM_UP; left > 0; left -= 1) await client.measure(request);
    const samples: number[] = [];
    const cpuBefore = await host.threadMs();
    const startedMs = performance.now();
    while (samples.length < requests) samples.push((await client.measure(request)).lastByteMs);
    side.busy.push(((await host.threadMs()) - cpuBefore) / (performance.now() - startedMs));
    side.rounds.push(samples);
  } finally {
    await end();
  }
}

function p50Of(sides: readonly Side[], round: number): number {
  return percentile(sides[0]?.rounds[round] ?? [], 0.5);
}

function figuresOf({ neighbour: { name }, rounds, busy }: Side): readonly Figure[] {
  const all = rounds.flat();
  return [
    ...[0.5, 0.99, 0.999].map((share): Figure => ({
      name: `light-p${share * 100}:${name}`,
      value: percentile(all, share),
      unit: 'ms',
    })),
    { name: `light-max:${name}`, value: Math.max(...all), unit: 'ms' },
    { name: `thread-busy:${name}`, value: median(busy) * 100, unit: '%' },
  ];
}

function describe(sides: readonly Side[], { rounds, requests }: typeof QUICK): Table {
  return {
    title: `${EXAMPLE}, one request after the other, beside others on the same thread`,
    head: ['neighbours', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'thread busy %'],
    rows: sides.map((side) => {
      const values = figuresOf(side).map(({ value }) => formatNumber(value));
      return [side.neighbour.what].concat(values);
    }),
    remarks: [`${rounds} rounds of ${requests} requests, neighbours alternated.`],
  };
}
