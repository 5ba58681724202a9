/** Waits for the first byte of a server that is being started. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Between two attempts, ms: what the figure may be too large by. */
const RETRY_MS = 1;
const LIMIT_MS = 60_000;
const REQUEST = 'GET / HTTP/1.1\r\nhost: hello.localhost\r\n\r\n';

/** A port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Asks until there is an answer.
 *
 * @throws {Error} If it is not a 200, or none comes within a minute.
 */
export async function awaitFirstAnswer(port: number): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const head = await ask(port);
    if (head !== undefined) {
      if (/^HTTP\/1\.1 200\b/.test(head)) return;
      throw new Error(`Cannot measure a start: the answer was "${head.slice(0, 40)}"`);
    }
    if (performance.now() > endMs) throw new Error('Cannot measure a start: nobody answers');
    await delay(RETRY_MS);
  }
}

/** @returns The first bytes, or undefined if nobody is there yet. */
function ask(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(REQUEST));
  socket.once('data', (bytes: Buffer) => {
    resolve(bytes.toString('latin1'));
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.once('close', () => resolve(undefined));
  return promise;
}
