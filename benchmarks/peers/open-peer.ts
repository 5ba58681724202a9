/** A peer that is to serve for a while: started, and waited for until it answers; or why it does not. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitFirstAnswer, findFreePort } from './first-answer.ts';
import { PeerGap, type NamedGap, type Peer, type PreparedPeer } from './peer.ts';

/** A peer that serves. */
export interface ServingPeer {
  readonly port: number;
  readonly version: string;
}

/** A peer that can be started, or why not: anything but a `PeerGap` is thrown. */
export async function preparePeer(peer: Peer, directory: string): Promise<PreparedPeer | NamedGap> {
  await mkdir(directory, { recursive: true });
  try {
    return await peer.prepare(directory);
  } catch (error) {
    if (!(error instanceof PeerGap)) throw error;
    return { name: peer.name, reason: error.message };
  }
}

/**
 * Prepares and starts a peer; it stops when the stack is disposed of.
 *
 * @param directory Where it may leave files; made if it is missing.
 * @param path Answered with status 200 once it runs.
 * @returns A gap if it cannot run here, or does not answer within a minute.
 */
export async function openPeer(
  stack: AsyncDisposableStack,
  peer: Peer,
  directory: string,
  path = '/',
): Promise<ServingPeer | NamedGap> {
  const prepared = await preparePeer(peer, join(directory, peer.name));
  if ('reason' in prepared) return prepared;
  stack.defer(async () => prepared.close?.());
  const port = await findFreePort();
  const running = await prepared.start(port);
  stack.defer(() => running.stop());
  try {
    await awaitFirstAnswer(port, { ended: running.ended, path });
    return { port, version: prepared.version };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name: peer.name, reason: `it does not answer: ${reason}` };
  }
}
