/** The same trouble as in `noisy-neighbours.ts` for a peer, which has all functions in one server and ends none of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { encodeRequest } from '../load/encode-request.ts';
import { LoadConnection } from '../../cli/bench/load-connection.ts';
import { BURNERS, HOGS, HOG_MIB, openUnread, READERS, RESPONSE_MIB } from './noisy-neighbours.ts';

/** Trouble on a port; paths are those of `tests/guests/misbehave`. */
export interface PeerNeighbour {
  /** As the neighbour of ours that does the same. */
  readonly name: 'alone' | 'burners' | 'hogs' | 'slow-readers';
  /** @returns What ends it; the peer may be at work for ever nevertheless. */
  begin(port: number): Promise<() => void>;
}

/** How long trouble may take to be under way, ms: a peer that is stuck does not say when it is. */
const BEGIN_MS = 500;

/** All of them, nobody first. */
export const PEER_NEIGHBOURS: readonly PeerNeighbour[] = [
  { name: 'alone', begin: async () => () => {} },
  {
    name: 'burners',
    begin: async (port) => {
      const clients = Array.from({ length: BURNERS }, () => keepAsking(port, '/spin'));
      await delay(BEGIN_MS);
      return () => clients.forEach((client) => client.close());
    },
  },
  {
    name: 'hogs',
    begin: async (port) => {
      const path = `/grow?mib=${HOG_MIB}`;
      const clients = Array.from({ length: HOGS }, () => keepAsking(port, path));
      await delay(BEGIN_MS);
      return () => clients.forEach((client) => client.close());
    },
  },
  {
    name: 'slow-readers',
    begin: async (port) => {
      const request = encode(`/huge?mib=${RESPONSE_MIB}`);
      const end = new AbortController();
      const opening = Array.from({ length: READERS }, () =>
        openUnread(port, request, end.signal).catch(() => undefined),
      );
      // Those whose first byte does not come wait in the queue of the peer, which is what is to be shown.
      await Promise.race([Promise.all(opening), delay(BEGIN_MS)]);
      return () => end.abort();
    },
  },
];

/** One request after the other, whatever the answers are; no more once the connection has failed. */
function keepAsking(port: number, path: string): LoadConnection {
  const request = encode(path);
  const connection = new LoadConnection(
    { host: '127.0.0.1', port },
    { answered: () => connection.send(request), failed: () => {} },
  );
  connection.send(request);
  return connection;
}

function encode(path: string): Uint8Array {
  return encodeRequest('localhost', { method: 'GET', path, body: '' });
}
