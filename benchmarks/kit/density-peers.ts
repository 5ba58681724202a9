/**
 * What the same hello takes of memory where it is isolated by other means: containers, Node processes, worker threads. A few
 * of each are started beside each other and answer a request; what a thousand would take is reckoned from them.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { containerPeers } from '../peers/container-peers.ts';
import { awaitFirstAnswer, findFreePort } from '../peers/first-answer.ts';
import { nodeProcess } from '../peers/node-peers.ts';
import { PeerGap, type Peer } from '../peers/peer.ts';
import { Child } from './child.ts';
import {
  listDescendants,
  readProcessMemory,
  sumProcessMemory,
  type Descendant,
} from './process-memory.ts';
import type { ThreadAnswer, ThreadQuestion } from './threads-process.ts';

/** What one of them takes; or why it is not known. */
export type PeerDensity =
  | {
      readonly name: string;
      readonly started: number;
      /** Proportional resident memory of all that runs for one, bytes. */
      readonly bytes: number;
      /** The part of it that the program itself takes, without what the container runtime leaves running for it. */
      readonly ownBytes: number;
    }
  | { readonly name: string; readonly gap: string };

/** Programs of container runtimes. */
const RUNTIMES = new Set(['runc', 'crun']);

/**
 * Measures each.
 *
 * @param count How many of each run at the same time.
 * @param directory An empty one.
 */
export async function measurePeerDensity(
  count: number,
  directory: string,
  progress: (line: string) => void,
): Promise<readonly PeerDensity[]> {
  const found: PeerDensity[] = [];
  for (const peer of [...containerPeers, nodeProcess]) {
    progress(`  ${count} of ${peer.name}`);
    found.push(await measurePeer(peer, count, directory));
  }
  progress(`  ${count} worker threads`);
  found.push(await measureThreads(count));
  return found;
}

async function measurePeer(peer: Peer, count: number, parent: string): Promise<PeerDensity> {
  const { name } = peer;
  await using stack = new AsyncDisposableStack();
  const before = new Set(listDescendants(process.pid).map(({ pid }) => pid));
  try {
    // All run from the same files, as containers of one image do: pages of programs are shared.
    const path = join(parent, name);
    await mkdir(path);
    const prepared = await peer.prepare(path);
    stack.defer(() => prepared.close?.() ?? Promise.resolve());
    for (let left = count; left > 0; left -= 1) {
      const port = await findFreePort();
      const running = await prepared.start(port);
      stack.defer(() => running.stop());
      await awaitFirstAnswer(port);
    }
  } catch (error) {
    if (error instanceof PeerGap) return { name, gap: error.message };
    throw error;
  }
  const started = listDescendants(process.pid).filter(({ pid }) => !before.has(pid));
  const own = started.filter(({ program }) => !isRuntime(program));
  const [all, ownOnly] = [started, own].map((list) => sumProcessMemory(list.map(pidOf)));
  if (all === null || all === undefined || ownOnly === null || ownOnly === undefined) {
    return { name, gap: 'this system does not tell what memory processes hold' };
  }
  return { name, started: count, bytes: all.pssBytes / count, ownBytes: ownOnly.pssBytes / count };
}

function isRuntime(program: string): boolean {
  return RUNTIMES.has(program.split(':')[0] ?? '');
}

function pidOf({ pid }: Descendant): number {
  return pid;
}

async function measureThreads(count: number): Promise<PeerDensity> {
  const name = 'worker-thread';
  const script = new URL('./threads-process.ts', import.meta.url);
  const child = await Child.start<'ready', ThreadQuestion, ThreadAnswer>(script);
  try {
    // The first one loads what all share.
    await startThreads(child, 1);
    const before = readProcessMemory(child.pid);
    await startThreads(child, count);
    const after = readProcessMemory(child.pid);
    if (before === null || after === null) {
      return { name, gap: 'this system does not tell what memory processes hold' };
    }
    const bytes = (after.pssBytes - before.pssBytes) / count;
    return { name, started: count, bytes, ownBytes: bytes };
  } finally {
    await child.close();
  }
}

async function startThreads(
  child: Child<'ready', ThreadQuestion, ThreadAnswer>,
  count: number,
): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const port = await findFreePort();
    await child.ask({ port });
    await awaitFirstAnswer(port);
  }
}
