/**
 * A client that has many requests under way on one connection: all are written together, so that a server has them at
 * the same time even where each takes microseconds. HTTP/1.1 calls it pipelining.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const LIMIT_MS = 60_000;
const HEAD = /HTTP\/1\.1 (\d{3}) /g;

/** A connection to a server on this machine. */
export class PipeliningClient implements Disposable {
  readonly #socket: Socket;
  #parts: string[] = [];
  #onData: () => void = () => {};
  #onFailure: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#parts.push(text);
      this.#onData();
    });
    socket.on('error', (error) => this.#onFailure(error));
    socket.on('close', () => this.#onFailure(new Error('Cannot go on: the server has closed')));
  }

  /** @param port Port on 127.0.0.1. */
  static async open(port: number): Promise<PipeliningClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new PipeliningClient(socket);
  }

  /**
   * Sends a GET request so many times at once and waits for all answers.
   *
   * @param host Value of the host field.
   * @returns How many were refused with status 503: the host has no room, or the machine no time.
   * @throws {Error} If one is answered with another status than 200, the connection ends, or a minute passes.
   */
  async get(host: string, count: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`Cannot call ${host}: no answer`)), LIMIT_MS);
    this.#onFailure = reject;
    this.#onData = () => {
      if (isComplete(this.#parts, count)) resolve();
    };
    this.#parts = [];
    this.#socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(count));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#onFailure = () => {};
    }
    const others = statusesIn(this.#parts.join('')).filter((status) => status !== '200');
    const strange = others.find((status) => status !== '503');
    if (strange !== undefined) throw new Error(`Cannot call ${host}: status ${strange}`);
    return others.length;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Whether so many responses are there, and the last one is whole. Nothing in a body may look like the head of one. */
function isComplete(parts: string[], count: number): boolean {
  const text = parts.join('');
  parts.splice(0, parts.length, text);
  if (statusesIn(text).length < count) return false;
  const last = text.slice(text.lastIndexOf('HTTP/1.1 '));
  const bodyAt = last.indexOf('\r\n\r\n') + 4;
  if (bodyAt < 4) return false;
  const length = /^content-length: *(\d+)\r$/im.exec(last.slice(0, bodyAt))?.[1];
  return length === undefined
    ? last.endsWith('\r\n0\r\n\r\n')
    : last.length - bodyAt >= Number(length);
}

function statusesIn(text: string): readonly string[] {
  return Array.from(text.matchAll(HEAD), ([, status]) => status ?? '');
}
