/** Neighbours that take more than their share: each begins, goes on until it is told to end, and says whether it was at work. */
import { connect, type Socket } from 'node:net';
import { burn } from '../../tests/guests/burn.ts';
import { misbehave } from '../../tests/guests/guests.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { BenchHost } from './bench-host.ts';
import { CodedClient } from './coded-client.ts';

/** Something that makes trouble. */
export interface NoisyNeighbour {
  readonly name: string;
  /** For people. */
  readonly what: string;
  /** Deploys what it needs. */
  prepare(host: BenchHost): Promise<void>;
  /** Begins. @returns What ends it, and resolves when it has ended. */
  begin(host: BenchHost): Promise<() => Promise<void>>;
}

/** Guests that compute at once. */
export const BURNERS = 4;
/** Far longer than a measurement. */
const BURN_MS = 300_000;
/** Clients whose guests take memory, and how much. */
export const HOGS = 2;
export const HOG_MIB = 64;
/** Clients that do not read, and what each asks for. */
export const READERS = 20;
export const RESPONSE_MIB = 32;
const MIB = 2 ** 20;

/** Nobody: what the others are compared with. */
export const nobody: NoisyNeighbour = {
  name: 'alone',
  what: 'nobody else',
  prepare: async () => {},
  begin: async () => async () => {},
};

/** Guests that compute for ever. */
export const burners: NoisyNeighbour = {
  name: 'burners',
  what: `${BURNERS} guests that compute all the time`,
  prepare: async (host) => {
    const limits = { cpuMs: BURN_MS, timeoutMs: BURN_MS };
    await host.deployBytes('burner', await burn('tight-loop'), { limits });
  },
  begin: async (host) => {
    const client = new CodedClient(host.port);
    let answered = 0;
    const burning = Array.from({ length: BURNERS }, () =>
      client.get('burner').then(
        () => (answered += 1),
        () => undefined,
      ),
    );
    await untilBusy(host);
    return async () => {
      if (answered > 0) throw new Error('Cannot measure beside burners: one was answered');
      client.close();
      await Promise.all(burning);
    };
  },
};

/** Guests that take all the memory they may, again and again. */
export const hogs: NoisyNeighbour = {
  name: 'hogs',
  what: `${HOGS} clients whose guests take ${HOG_MIB} MiB, ask for more, and are ended, again and again`,
  prepare: (host) =>
    host.deployBytes('hog', misbehave(), { limits: { memoryBytes: HOG_MIB * MIB } }),
  begin: async (host) => {
    const end = new AbortController();
    const work = async (): Promise<void> => {
      await using client = new CodedClient(host.port);
      while (!end.signal.aborted) {
        const { status, code } = await client.get('hog', `/grow?mib=${2 * HOG_MIB}`);
        if (code === 'memory_limit') continue;
        throw new Error(`Cannot measure beside hogs: one was answered with ${status} ${code}`);
      }
    };
    const working = Promise.all(Array.from({ length: HOGS }, work));
    working.catch(() => {});
    return async () => {
      end.abort();
      await working;
    };
  },
};

/** Clients that ask for much and read nothing. */
export const slowReaders: NoisyNeighbour = {
  name: 'slow-readers',
  what: `${READERS} clients that ask for ${RESPONSE_MIB} MiB and do not read them`,
  prepare: (host) => host.deployBytes('huge', misbehave(), { limits: { timeoutMs: BURN_MS } }),
  begin: async (host) => {
    const path = `/huge?mib=${RESPONSE_MIB}`;
    const request = encodeRequest('huge.localhost', { method: 'GET', path, body: '' });
    const sockets = await Promise.all(
      Array.from({ length: READERS }, () => openUnread(host.port, request)),
    );
    return async () => {
      for (const socket of sockets) socket.destroy();
    };
  },
};

/**
 * Waits for the first byte of the response, and reads no further.
 *
 * @param signal Closes the connection.
 */
export function openUnread(
  port: number,
  request: Uint8Array,
  signal?: AbortSignal,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
  signal?.addEventListener('abort', () => socket.destroy(), { once: true });
  socket.once('error', reject);
  socket.once('readable', () => {
    const head = socket.read(12) as Buffer | null;
    socket.off('error', reject).on('error', () => {});
    if (head?.toString('latin1') === 'HTTP/1.1 200') resolve(socket);
    else reject(new Error(`Cannot measure beside slow readers: ${String(head)}`));
  });
  return promise;
}

/** Waits until the thread has burnt a whole slice of each of the burners. */
async function untilBusy(host: BenchHost): Promise<void> {
  const before = await host.threadMs();
  const endMs = performance.now() + 10_000;
  while ((await host.threadMs()) - before < 100) {
    if (performance.now() > endMs) throw new Error('Cannot measure beside burners: none burns');
  }
}
