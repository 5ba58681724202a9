/**
 * A data plane on a free port with an invoker that a test writes, and raw connections to it: what goes over
 * the wire is what is tested.
 */
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Test } from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { configSchema } from '../../host/config/schema.ts';
import { openDataPlane, type DataPlane } from '../../host/http/data-plane.ts';
import type { InvocationContext, InvocationResult } from '../../host/invoke/invoker.ts';
import { silentLog, type Log } from '../../host/logs/log.ts';
import { Router } from '../../host/traffic/router.ts';
import type {
  ByteSink,
  ByteSource,
  HttpResponder,
  IncomingHttpRequest,
} from '../../host/wasi/ports.ts';
import { createRecord, createSnapshot } from '../traffic/test-records.ts';

/** What a function called `app` does. */
export type Behaviour = (
  request: IncomingHttpRequest,
  responder: HttpResponder,
  context: InvocationContext,
) => Promise<InvocationResult>;

export const OK: InvocationResult = { outcome: 'ok' };

/** Opens a plane that is closed with the test. */
export async function openPlane(
  t: Test,
  behaviour: Behaviour,
  settings: {
    http?: Record<string, unknown>;
    trustedProxies?: string[];
    tls?: { cert: string; key: string };
  } = {},
  log: Log = silentLog,
): Promise<DataPlane> {
  const config = configSchema.parse({ dataDir: 'unused', listen: '127.0.0.1:0', ...settings });
  const router = new Router(createSnapshot(createRecord('app')), 'localhost');
  const plane = await openDataPlane({
    config,
    log,
    clock: systemClock,
    router: () => router,
    invoker: {
      handle: (_record, request, responder, context) => behaviour(request, responder, context),
    },
  });
  t.teardown(() => plane.close(0));
  return plane;
}

/** A connection on which a test says exactly what it wants. */
export class RawClient {
  readonly socket: Socket;
  /** Why the connection ended: `end` (a FIN), or the code of its error. */
  ending: string | undefined;
  #text = '';
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (this.ending ??= error.code ?? 'error'));
    socket.on('end', () => (this.ending ??= 'end'));
    socket.on('close', () => {
      this.ending ??= 'end';
      this.#wake();
    });
  }

  static async open(t: Test, plane: DataPlane): Promise<RawClient> {
    const socket = connect({ port: plane.address.port, host: '127.0.0.1' });
    t.teardown(() => socket.destroy());
    const client = new RawClient(socket);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    return client;
  }

  /** Everything received so far. */
  get received(): string {
    return this.#text;
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Waits until something has been received. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      if (this.ending !== undefined && this.socket.closed) {
        throw new Error(`ended (${this.ending}) without ${String(pattern)}: ${this.#text}`);
      }
      await this.#change();
    }
    return this.#text;
  }

  /** Waits until the host has closed the connection. */
  async closed(): Promise<string> {
    while (!this.socket.closed) await this.#change();
    return this.#text;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** Reads a body to its end. */
export async function readAll(source: ByteSource, maxBytes = 65_536): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const taken = source.take(maxBytes);
    if (taken === 'end') return Buffer.concat(chunks);
    if (taken === undefined) await source.ready();
    else chunks.push(taken);
  }
}

/** Writes at the sink's pace. */
export async function writeAll(sink: ByteSink, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.byteLength > 0 && sink.failure === undefined) {
    if (sink.capacity === 0) await sink.ready();
    const piece = rest.subarray(0, sink.capacity);
    if (sink.failure === undefined) sink.write(Uint8Array.from(piece));
    rest = rest.subarray(piece.byteLength);
  }
}

/** Waits until the client has gone. */
export function gone({ caller }: InvocationContext): Promise<void> {
  return new Promise((resolve) => {
    if (caller.isGone) resolve();
    else caller.onGone = resolve;
  });
}

/** Lets what is held back for some turns leave. */
export async function nextTurns(): Promise<void> {
  for (let turns = 0; turns < 40; turns += 1) await setImmediate();
}

/** Answers with text at once. */
export function answer(
  responder: HttpResponder,
  text: string,
  fields: Record<string, string> = {},
  status = 200,
): InvocationResult {
  const entries = Object.entries(fields).map(
    ([name, value]) => [name, Buffer.from(value, 'latin1')] as const,
  );
  const sink = responder.begin(status, entries);
  if (text !== '') sink.write(Buffer.from(text));
  responder.end(undefined);
  return OK;
}

/** What a function sees of its request, as JSON. */
export const describeRequest: Behaviour = async (request, responder, context) => {
  const headers = request.headers.map(([name, value]) => [
    name,
    Buffer.from(value).toString('latin1'),
  ]);
  const { method, scheme, authority, pathWithQuery } = request;
  const { clientAddress, pathPrefix, requestId } = context;
  const seen = {
    method,
    scheme,
    authority,
    pathWithQuery,
    headers,
    clientAddress,
    pathPrefix,
    requestId,
  };
  return answer(responder, JSON.stringify(seen));
};

/** The body of the last response received, as JSON. */
export function jsonBody(text: string): Record<string, unknown> {
  const body = Buffer.from(text.slice(text.lastIndexOf('\r\n\r\n') + 4), 'latin1');
  return JSON.parse(body.toString()) as Record<string, unknown>;
}
