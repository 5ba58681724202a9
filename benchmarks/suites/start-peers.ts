/**
 * From nothing that runs to the first byte of the same hello: ours from zero instances, and what others start for that.
 * What is counted differs and stands beside each; intervals of different kinds are no race, except where the question is
 * how long a caller waits when nothing runs yet.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { loadComponent } from '../kit/load-component.ts';
import { withNonce } from '../kit/nonce.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median, percentile } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { openTemporaryDirectory } from '../kit/temporary-directory.ts';
import { encodeRequest } from '../load/encode-request.ts';
import { containerPeers } from '../peers/container-peers.ts';
import { awaitFirstAnswer, findFreePort } from '../peers/first-answer.ts';
import { jcoServe, nodeProcess, ourProcess, workerThread } from '../peers/node-peers.ts';
import { PeerGap, type Peer, type PreparedPeer } from '../peers/peer.ts';

const QUICK_ROUNDS = 3;
const FULL_ROUNDS = 40;
const EXAMPLE = 'hello-rust';
const PEERS: readonly Peer[] = [ourProcess, nodeProcess, workerThread, ...containerPeers, jcoServe];

interface Side {
  readonly name: string;
  readonly interval: string;
  readonly version: string;
  readonly start: () => Promise<number>;
  readonly ms: number[];
}

interface Gap {
  readonly name: string;
  readonly reason: string;
}

/** The suite `start-peers`. */
export const startPeersSuite: Suite = {
  name: 'start-peers',
  description: 'start to first byte beside containers, Node processes, threads and jco serve',
  run: runStartPeers,
};

async function runStartPeers(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const rounds = options.samples ?? (options.quick ? QUICK_ROUNDS : FULL_ROUNDS);
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure starts: there is no ${EXAMPLE}`);
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(await openTemporaryDirectory(), (it) => it.close());
  const gaps: Gap[] = [
    { name: 'workerd', reason: 'not measured yet' },
    { name: 'wasmtime-serve', reason: 'not measured yet' },
  ];
  const sides: Side[] = [];
  progress('  ours, cold');
  sides.push(await openCold(stack, example, rounds + 1));
  for (const peer of PEERS) {
    progress(`  preparing ${peer.name}`);
    const place = join(directory.path, peer.name);
    await mkdir(place);
    const prepared = await peer.prepare(place).catch((error: unknown) => {
      if (!(error instanceof PeerGap)) throw error;
      gaps.push({ name: peer.name, reason: error.message });
      return undefined;
    });
    if (prepared === undefined) continue;
    stack.defer(async () => prepared.close?.());
    sides.push(sideOf(peer, prepared));
  }
  for (const [index, round] of alternate(sides, rounds + 1).entries()) {
    progress(`  round ${index} of ${rounds}`);
    for (const side of round) {
      const ms = await side.start().catch((error: unknown) => {
        throw new Error(`Cannot measure "${side.name}"`, { cause: error });
      });
      // The first round is that in which files come into the system's cache.
      if (index > 0) side.ms.push(ms);
    }
  }
  return {
    suite: 'start-peers',
    startedAt,
    ratios: ratiosOf(sides),
    figures: [...ownFigures(sides), ...sides.flatMap(figuresOf)],
    tables: [describe(sides, gaps, rounds)],
    raw: { rounds, gaps, sides: sides.map(({ name, version, ms }) => ({ name, version, ms })) },
  };
}

/** A host that runs, and as many functions as there will be starts, none of which it has ever compiled. */
async function openCold(
  stack: AsyncDisposableStack,
  example: Example,
  starts: number,
): Promise<Side> {
  // Without it the generated JavaScript would be known from the start before.
  const nodeFlags = ['--no-compilation-cache'];
  const host = stack.use(await BenchHost.open({ nodeFlags }));
  const component = await loadComponent(example);
  for (let index = 0; index < starts; index += 1) {
    await host.deploy(`cold-${index}`, example, { bytes: withNonce(component) });
  }
  await host.deploy('warm', example);
  const client = stack.use(new FirstByteClient(host.port));
  await client.measure(encodeRequest('warm.localhost', example.request));
  let next = 0;
  return {
    name: 'ours',
    interval: 'request to first byte, host runs, module never compiled and no instance',
    version: `Node ${process.versions.node}`,
    ms: [],
    start: async () => {
      const request = encodeRequest(`cold-${next}.localhost`, example.request);
      next += 1;
      return (await client.measure(request)).firstByteMs;
    },
  };
}

function sideOf({ name, interval }: Peer, prepared: PreparedPeer): Side {
  return {
    name,
    interval,
    version: prepared.version,
    ms: [],
    start: async () => {
      const port = await findFreePort();
      const startedMs = performance.now();
      const running = await prepared.start(port);
      try {
        await awaitFirstAnswer(port);
        return performance.now() - startedMs;
      } finally {
        await running.stop();
      }
    },
  };
}

/** How many times as long as ours the others take, from zero replicas. */
function ratiosOf(sides: readonly Side[]): readonly Ratio[] {
  const ours = sides.find(({ name }) => name === 'ours');
  return sides
    .filter((side) => side !== ours)
    .map(({ name, ms }) => ({ name: `${name}/ours`, value: median(ms) / median(ours?.ms ?? []) }));
}

/** Our own under the names by which they are asked for. */
function ownFigures(sides: readonly Side[]): readonly Figure[] {
  const msOf = (name: string): readonly number[] =>
    sides.find((side) => side.name === name)?.ms ?? [];
  return [
    { name: 'cold-p50', value: percentile(msOf('ours'), 0.5), unit: 'ms' },
    { name: 'cold-p99', value: percentile(msOf('ours'), 0.99), unit: 'ms' },
    { name: 'ours-process-cold', value: median(msOf('ours-process')), unit: 'ms' },
  ];
}

function figuresOf({ name, ms }: Side): readonly Figure[] {
  return [0.5, 0.99].map((share) => ({
    name: `start-p${share * 100}:${name}`,
    value: percentile(ms, share),
    unit: 'ms',
  }));
}

function describe(sides: readonly Side[], gaps: readonly Gap[], rounds: number): Table {
  return {
    title: 'From nothing that runs to the first byte',
    head: ['what', 'p50 ms', 'p99 ms', 'version', 'interval'],
    rows: [
      ...sides.map(({ name, ms, version, interval }) => [
        name,
        formatNumber(percentile(ms, 0.5)),
        formatNumber(percentile(ms, 0.99)),
        version,
        interval,
      ]),
      ...gaps.map(({ name, reason }) => [name, '', '', '', `not measured: ${reason}`]),
    ],
    remarks: [
      `${rounds} starts each, sides alternated, files in the system's cache. Peers are asked again each millisecond until they answer, ours over a connection that is open: of that the figures of peers may be too large by 1 ms.`,
    ],
  };
}
