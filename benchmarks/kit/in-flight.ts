/** What a request takes of memory while it is under way: many clients send half of a body each, and the guests wait for the rest. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchHost } from './bench-host.ts';
import type { Example } from './examples.ts';
import { readHostMemory } from './idle-instances.ts';

/** What was found. */
export interface InFlightDensity {
  readonly requests: number;
  /** Memory that they added: instance, stack, connection; of the host alone. Null where the system does not tell. */
  readonly bytesEach: number | null;
}

/** Made first and not counted. */
const WARM_UP = 100;
const SETTLE_MS = 500;
const LIMIT_MS = 120_000;
const HALF = 'x'.repeat(512);
const HEAD = 'POST / HTTP/1.1\r\nhost: echo.localhost\r\ncontent-length: 1024\r\n\r\n';

/**
 * Measures, and lets all of them end well.
 *
 * @param echo A function that reads the body.
 * @throws {Error} If one of them is not answered with status 200.
 */
export async function measureInFlight(echo: Example, requests: number): Promise<InFlightDensity> {
  await using host = await BenchHost.open({ config: { limits: { memoryBytes: '1024GiB' } } });
  const all = WARM_UP + requests;
  await host.deploy('echo', echo, {
    limits: { concurrency: all, timeoutMs: LIMIT_MS },
  });
  const waiting: Socket[] = await sendHalves(host, WARM_UP);
  const before = readHostMemory(host);
  waiting.push(...(await sendHalves(host, requests)));
  const after = readHostMemory(host);
  await Promise.all(waiting.map(finish));
  const bytesEach =
    before === null || after === null ? null : (after.pssBytes - before.pssBytes) / requests;
  return { requests, bytesEach };
}

async function sendHalves({ port }: BenchHost, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let left = count; left > 0; left -= 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    socket.write(HEAD + HALF);
    sockets.push(socket);
  }
  // The guests have read the half and wait for more.
  await delay(SETTLE_MS);
  return sockets;
}

async function finish(socket: Socket): Promise<void> {
  const answer = once(socket, 'data');
  socket.write(HALF);
  const [bytes] = (await answer) as [Buffer];
  socket.destroy();
  const head = bytes.toString('latin1', 0, 12);
  if (head !== 'HTTP/1.1 200') throw new Error(`Cannot hold requests under way: ${head}`);
}
