/** Waits for the first byte of a server that is being started. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Between two attempts, ms: what the figure may be too large by. */
const RETRY_MS = 1;
const LIMIT_MS = 60_000;

/** A port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** How to ask for the first time. */
export interface FirstAnswerOptions {
  /** Resolves if nobody will answer any more. */
  readonly ended?: Promise<unknown> | undefined;
  /** How long to ask; a minute if left out. */
  readonly limitMs?: number;
  readonly path?: string;
}

/**
 * Asks until there is an answer.
 *
 * @throws {Error} If it is not a 200, none comes in that time, or who was to answer has ended.
 */
export async function awaitFirstAnswer(
  port: number,
  { ended, limitMs = LIMIT_MS, path = '/' }: FirstAnswerOptions = {},
): Promise<void> {
  const endMs = performance.now() + limitMs;
  let isOver = false;
  void ended?.finally(() => {
    isOver = true;
  });
  for (;;) {
    if (isOver) throw new Error('Cannot measure a start: the server has ended');
    const head = await ask(port, path);
    if (head !== undefined) {
      if (/^HTTP\/1\.1 200\b/.test(head)) return;
      throw new Error(`Cannot measure a start: the answer was "${head.split('\r\n')[0]}"`);
    }
    if (performance.now() > endMs) throw new Error('Cannot measure a start: nobody answers');
    await delay(RETRY_MS);
  }
}

/** @returns The first bytes, or undefined if nobody is there yet. */
function ask(port: number, path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
    socket.write(`GET ${path} HTTP/1.1\r\nhost: hello.localhost\r\n\r\n`),
  );
  socket.once('data', (bytes: Buffer) => {
    resolve(bytes.toString('latin1'));
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.once('close', () => resolve(undefined));
  return promise;
}
