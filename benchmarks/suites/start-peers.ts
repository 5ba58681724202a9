/**
 * From nothing that runs to the first byte of the same hello: ours from zero instances, and what others start for that.
 * What is counted differs and stands beside each; intervals of different kinds are no race, except where the question is
 * how long a caller waits when nothing runs yet. Warm and hot starts of ours are beside them and in no ratio.
 */
import { join } from 'node:path';
import { alternate } from '../kit/alternate.ts';
import { listExamples } from '../kit/examples.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median, percentile } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { openTemporaryDirectory } from '../kit/temporary-directory.ts';
import { componentPath } from '../kit/workloads.ts';
import { containerPeers } from '../peers/container-peers.ts';
import { awaitFirstAnswer, findFreePort } from '../peers/first-answer.ts';
import { createJcoServe } from '../peers/jco-peer.ts';
import { nodeProcess, ourProcess, workerThread } from '../peers/node-peers.ts';
import { preparePeer } from '../peers/open-peer.ts';
import { openCached, openCold, type OwnStarter } from '../peers/own-starts.ts';
import type { NamedGap, Peer, PreparedPeer } from '../peers/peer.ts';
import { createWasmtimeServe } from '../peers/wasmtime-peer.ts';
import { workerd } from '../peers/workerd-peer.ts';

const QUICK_ROUNDS = 3;
const FULL_ROUNDS = 40;
const EXAMPLE = 'hello-rust';
/** Cold starts in a round: in full runs more than 100, so that p99 is not the slowest of them. */
const COLD_PER_ROUND = 3;
/** Warm and hot starts in a round. */
const CACHED_PER_ROUND = 50;
/** What takes seconds to start is started in every fourth round. */
const SLOW_EVERY = 4;
const SHARES = [0.5, 0.99, 0.999];

const jcoServe = createJcoServe(componentPath(EXAMPLE), 'shared');
const PEERS: readonly Peer[] = [
  ourProcess,
  ...containerPeers,
  nodeProcess,
  workerThread,
  workerd,
  createWasmtimeServe(componentPath(EXAMPLE)),
  jcoServe,
];
/** Beside which of ours the others are put: from zero instances, and from no process. */
const OURS = ['ours', 'ours-process'];

interface Side {
  readonly name: string;
  readonly interval: string;
  readonly version: string;
  /** Starts in each round in which it takes part. */
  readonly perRound: number;
  readonly everyRounds: number;
  readonly start: () => Promise<Start>;
  readonly ms: number[];
  /** Of ours: how long the request waited for its instance, µs. */
  readonly waitsUs: number[];
}

interface Start {
  readonly firstByteMs: number;
  readonly waitUs?: number;
}

/** The suite `start-peers`. */
export const startPeersSuite: Suite = {
  name: 'start-peers',
  description: 'start to first byte beside containers, processes, threads, workerd and others',
  run: runStartPeers,
};

async function runStartPeers(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const rounds = options.samples ?? (options.quick ? QUICK_ROUNDS : FULL_ROUNDS);
  await using stack = new AsyncDisposableStack();
  const { sides, gaps } = await openSides(stack, rounds, progress);
  for (const [index, round] of alternate(sides, rounds + 1).entries()) {
    progress(`  round ${index} of ${rounds}`);
    for (const side of round) {
      if (index % side.everyRounds !== 1 % side.everyRounds) continue;
      // The first round is that in which files come into the system's cache.
      await measureRound(side, index > 0);
    }
  }
  const measured = sides.filter(({ ms }) => ms.length > 0);
  return {
    suite: 'start-peers',
    startedAt,
    ratios: ratiosOf(measured),
    figures: [...ownFigures(measured), ...measured.flatMap(figuresOf)],
    tables: [describe(measured, gaps), describeWaits(measured)],
    raw: {
      rounds,
      gaps,
      sides: measured.map(({ name, interval, version, ms, waitsUs }) => ({
        name,
        interval,
        version,
        ms,
        waitsUs,
      })),
    },
  };
}

async function openSides(
  stack: AsyncDisposableStack,
  rounds: number,
  progress: (line: string) => void,
): Promise<{ readonly sides: readonly Side[]; readonly gaps: readonly NamedGap[] }> {
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure starts: there is no ${EXAMPLE}`);
  const directory = stack.adopt(await openTemporaryDirectory(), (it) => it.close());
  progress('  deploying what was never compiled');
  const cold = await openCold(stack, example, (rounds + 1) * COLD_PER_ROUND);
  const cached = await openCached(stack, example);
  const sides = [
    ownSide(cold, COLD_PER_ROUND),
    ...cached.map((starter) => ownSide(starter, CACHED_PER_ROUND)),
  ];
  const gaps: NamedGap[] = [];
  for (const peer of PEERS) {
    progress(`  preparing ${peer.name}`);
    const prepared = await preparePeer(peer, join(directory.path, peer.name));
    if ('reason' in prepared) {
      gaps.push(prepared);
      continue;
    }
    stack.defer(async () => prepared.close?.());
    sides.push(peerSide(peer, prepared));
  }
  return { sides, gaps };
}

function ownSide(starter: OwnStarter, perRound: number): Side {
  const { name, interval } = starter;
  const version = `Node ${process.versions.node}`;
  const start = (): Promise<Start> => starter.start();
  return { name, interval, version, perRound, everyRounds: 1, start, ms: [], waitsUs: [] };
}

function peerSide(peer: Peer, prepared: PreparedPeer): Side {
  return {
    name: peer.name,
    interval: peer.interval,
    version: prepared.version,
    perRound: 1,
    everyRounds: peer === jcoServe ? SLOW_EVERY : 1,
    ms: [],
    waitsUs: [],
    start: async () => {
      const port = await findFreePort();
      const startedMs = performance.now();
      const running = await prepared.start(port);
      try {
        await awaitFirstAnswer(port, { ended: running.ended });
        return { firstByteMs: performance.now() - startedMs };
      } finally {
        await running.stop();
      }
    },
  };
}

async function measureRound(side: Side, isCounted: boolean): Promise<void> {
  for (let left = side.perRound; left > 0; left -= 1) {
    const { firstByteMs, waitUs } = await side.start().catch((error: unknown) => {
      throw new Error(`Cannot measure "${side.name}"`, { cause: error });
    });
    if (!isCounted) continue;
    side.ms.push(firstByteMs);
    if (waitUs !== undefined) side.waitsUs.push(waitUs);
  }
}

/** How many times as long as ours the others take: as our function from zero instances, and as our whole host. */
function ratiosOf(sides: readonly Side[]): readonly Ratio[] {
  const peers = sides.filter(({ waitsUs, name }) => waitsUs.length === 0 && !OURS.includes(name));
  return OURS.flatMap((ours) => {
    const own = sides.find(({ name }) => name === ours);
    if (own === undefined) return [];
    return peers.map(({ name, ms }) => ({
      name: `${name}/${ours}`,
      value: median(ms) / median(own.ms),
    }));
  });
}

/** Our own under the names by which they are asked for. */
function ownFigures(sides: readonly Side[]): readonly Figure[] {
  const find = (name: string): Side | undefined => sides.find((side) => side.name === name);
  const warm = find('ours-warm')?.waitsUs ?? [];
  const hot = find('ours-hot')?.waitsUs ?? [];
  return [
    ...percentilesOf('cold-p', find('ours')?.ms ?? [], 'ms'),
    { name: 'ours-process-cold', value: median(find('ours-process')?.ms ?? []), unit: 'ms' },
    ...percentilesOf('warm-p', warm, 'us'),
    ...percentilesOf('hot-p', hot, 'us'),
  ];
}

function figuresOf({ name, ms }: Side): readonly Figure[] {
  return percentilesOf('start-p', ms, 'ms', `:${name}`);
}

function percentilesOf(
  prefix: string,
  samples: readonly number[],
  unit: string,
  suffix = '',
): Figure[] {
  return SHARES.map((share) => ({
    name: `${prefix}${share * 100}${suffix}`,
    value: percentile(samples, share),
    unit,
  }));
}

function describe(sides: readonly Side[], gaps: readonly NamedGap[]): Table {
  return {
    title: 'From nothing that runs to the first byte',
    head: ['what', 'starts', 'p50 ms', 'min – max', 'p99 ms', 'p99.9 ms', 'version', 'interval'],
    rows: [
      ...sides.map(({ name, ms, version, interval }) => [
        name,
        String(ms.length),
        formatNumber(percentile(ms, 0.5)),
        `${formatNumber(Math.min(...ms))} – ${formatNumber(Math.max(...ms))}`,
        formatNumber(percentile(ms, 0.99)),
        formatNumber(percentile(ms, 0.999)),
        version,
        interval,
      ]),
      ...gaps.map(({ name, reason }) => [name, '', '', '', '', '', '', `not measured: ${reason}`]),
    ],
    remarks: [
      "Sides alternated, files in the system's cache. Of fewer than 100 starts p99 is the slowest, of fewer than 1000 p99.9. Peers are asked again each millisecond until they answer, ours over a connection that is open: the figures of peers may be too large by 1 ms.",
    ],
  };
}

function describeWaits(sides: readonly Side[]): Table {
  return {
    title: 'Of it: how long the request waited for its instance',
    head: ['what', 'starts', 'p50 µs', 'p99 µs', 'p99.9 µs'],
    rows: sides
      .filter(({ waitsUs }) => waitsUs.length > 0)
      .map(({ name, waitsUs }) => {
        const values = SHARES.map((share) => formatNumber(percentile(waitsUs, share)));
        return [name, String(waitsUs.length)].concat(values);
      }),
    remarks: [
      'As the host reports it in `faas_start_seconds`: from asking for an instance to having it. The rest of the time to the first byte is HTTP, the call, and the loopback.',
    ],
  };
}
