/** How long a light request takes at peers whose other requests make trouble: jco serve, workerd. */
import { fileURLToPath } from 'node:url';
import { alternate } from '../kit/alternate.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { measurePatiently, type Patience } from '../kit/patient-client.ts';
import { PEER_NEIGHBOURS, type PeerNeighbour } from '../kit/peer-neighbours.ts';
import { percentile } from '../kit/percentiles.ts';
import type { Figure } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { encodeRequest } from '../load/encode-request.ts';
import { createJcoServe } from './jco-peer.ts';
import { openPeer } from './open-peer.ts';
import type { NamedGap, Peer } from './peer.ts';
import { workerd } from './workerd-peer.ts';

/** How often, and how long answers are waited for. */
export interface PeerPlan extends Patience {
  readonly rounds: number;
}

/** One peer beside one neighbour. */
export interface PeerSide {
  readonly peer: Peer;
  /** Path of the light function. */
  readonly path: string;
  readonly neighbour: PeerNeighbour;
  /** Times to the last byte, ms, of each round; `Infinity`: no answer in time. */
  readonly rounds: (readonly number[])[];
  version: string;
}

/** Every side, and the peers that cannot run here. */
export interface PeerFairness {
  readonly sides: readonly PeerSide[];
  readonly gaps: readonly NamedGap[];
}

const GUEST = fileURLToPath(new URL('../../tests/guests/misbehave.wasm', import.meta.url));
const SHARES = [0.5, 0.99, 0.999];
const WARM_UP = 20;

/** Measures them, every round with a new process: what burns in the last one would burn for ever. */
export async function measurePeerFairness(
  directory: string,
  plan: PeerPlan,
  progress: (line: string) => void,
): Promise<PeerFairness> {
  const sides = [...sidesOf(createJcoServe(GUEST, 'shared'), '/state'), ...sidesOf(workerd, '/')];
  const gaps: NamedGap[] = [];
  for (const [index, round] of alternate(sides, plan.rounds).entries()) {
    for (const side of round) {
      if (gaps.some(({ name }) => name === side.peer.name)) continue;
      progress(`  ${side.peer.name}, ${side.neighbour.name}, round ${index + 1} of ${plan.rounds}`);
      const gap = await measureRound(side, directory, plan);
      if (gap !== undefined) gaps.push(gap);
    }
  }
  return { sides: sides.filter(({ rounds }) => rounds.length > 0), gaps };
}

function sidesOf(peer: Peer, path: string): readonly PeerSide[] {
  return PEER_NEIGHBOURS.map((neighbour) => ({ peer, path, neighbour, rounds: [], version: '' }));
}

async function measureRound(
  side: PeerSide,
  directory: string,
  plan: PeerPlan,
): Promise<NamedGap | undefined> {
  await using stack = new AsyncDisposableStack();
  const { peer, path } = side;
  const serving = await openPeer(stack, peer, directory, path);
  if ('reason' in serving) return serving;
  side.version = serving.version;
  const { port } = serving;
  const light = encodeRequest('localhost', { method: 'GET', path, body: '' });
  await measurePatiently(port, light, { ...plan, requests: WARM_UP });
  const end = await side.neighbour.begin(port);
  try {
    side.rounds.push(await measurePatiently(port, light, plan));
  } finally {
    end();
  }
  return undefined;
}

/** Percentiles that were answered, and the share of requests that was not. */
export function listPeerFigures({ sides }: PeerFairness): readonly Figure[] {
  return sides.flatMap(({ peer, neighbour, rounds }) => {
    const all = rounds.flat();
    const name = `${peer.name}:${neighbour.name}`;
    return [
      ...SHARES.map((share) => ({
        name: `light-p${share * 100}:${name}`,
        value: percentile(all, share),
        unit: 'ms',
      })).filter(({ value }) => Number.isFinite(value)),
      { name: `light-unanswered:${name}`, value: unansweredOf(all) * 100, unit: '%' },
    ];
  });
}

/** The table of peers. */
export function describePeers({ sides, gaps }: PeerFairness, plan: PeerPlan): Table {
  const none = `none in ${formatNumber(plan.limitMs / 1000)} s`;
  const cell = (ms: number): string => (Number.isFinite(ms) ? formatNumber(ms) : none);
  return {
    title: 'The same at peers: a light request beside others of the same server',
    head: ['peer and neighbours', 'p50 ms', 'p99 ms', 'p99.9 ms', 'unanswered %', 'version'],
    rows: [
      ...sides.map(({ peer, neighbour, rounds, version }) => {
        const all = rounds.flat();
        return [
          `${peer.name}, ${neighbour.name}`,
          ...SHARES.map((share) => cell(percentile(all, share))),
          formatNumber(unansweredOf(all) * 100),
          version,
        ];
      }),
      ...gaps.map(({ name, reason }) => [name, '', '', '', '', `not measured: ${reason}`]),
    ],
    remarks: [
      `${plan.rounds} rounds of at most ${plan.requests} requests or ${formatNumber(plan.totalMs / 1000)} s, each with a new process; a request without an answer in ${formatNumber(plan.limitMs / 1000)} s counts as unanswered. Neither limits what a request takes, so burners burn until the process is killed, and hogs are answered. jco serve has the guest of our neighbours, workerd the same in JavaScript.`,
    ],
  };
}

function unansweredOf(samples: readonly number[]): number {
  return samples.filter((ms) => !Number.isFinite(ms)).length / samples.length;
}
