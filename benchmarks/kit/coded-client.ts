/** A client for requests that are to fail: says with what status and code they were answered. */
import { Agent, request, type ClientRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Closeable } from '../../host/base/closeable.ts';

/** How a request was answered. */
export interface CodedAnswer {
  readonly status: number;
  /** Code of the error in the body; undefined if it is none. */
  readonly code: string | undefined;
}

/** Talks to functions of a host on this machine, on connections that stay open. */
export class CodedClient implements Closeable, AsyncDisposable {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #open = new Set<ClientRequest>();

  /** @param port Port on 127.0.0.1. */
  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends a GET request to a function.
   *
   * @throws {Error} If the connection fails, or the client is closed before the answer is there.
   */
  async get(name: string, path = '/'): Promise<CodedAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<CodedAnswer>();
    const sent = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      agent: this.#agent,
      headers: { host: `${name}.localhost` },
    });
    this.#open.add(sent);
    sent.once('error', reject);
    sent.once('response', (answer) => {
      text(answer).then(
        (body) => resolve({ status: answer.statusCode ?? 0, code: readCode(body) }),
        reject,
      );
    });
    sent.end();
    try {
      return await promise;
    } finally {
      this.#open.delete(sent);
    }
  }

  /** Leaves: whatever waits for an answer fails. */
  close(): void {
    for (const sent of this.#open) sent.destroy();
    this.#agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function readCode(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
}
