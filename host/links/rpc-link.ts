/**
 * A connection between two processes of one host: calls, answers and notices in both directions over a UNIX
 * socket, as JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one JSON text a line. What arrives is data
 * of another process, of which one runs guests: whoever handles a method checks its parameters.
 */
import type { Socket } from 'node:net';
import type { Closeable } from '../base/closeable.ts';
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts';
import { HostError, toHostError, type ErrorFields } from '../base/errors.ts';
import { LineReader } from './line-reader.ts';

/** Answers one method. What it returns, or resolves with, is the answer to a call; a notice has none. */
export type RpcHandler = (params: unknown, link: RpcLink) => unknown;

/** What a link is made with. */
export interface RpcLinkOptions {
  /** By method. */
  readonly handlers: Readonly<Record<string, RpcHandler>>;
  /** Called once, when the other side is gone or spoke nonsense. */
  readonly onClose?: (reason: Error | undefined) => void;
  /** A notice could not be handled: there is nobody to answer. */
  readonly onNoticeFailed?: (method: string, error: unknown) => void;
}

/** Longest text of one message; a request and a response of `faas invoke` fit in. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
/** What may wait to be sent: a side that reads no more is as good as gone. */
const MAX_BACKLOG_BYTES = 512 * 1024 * 1024;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly stopTimer: () => void;
}

/** How a coded error travels. */
interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly code: ErrorCode; readonly fields: ErrorFields };
}

/** One side of a connection. */
export class RpcLink implements Closeable {
  readonly #socket: Socket;
  readonly #options: RpcLinkOptions;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #isClosed = false;

  /** @param socket Connected; the link owns it from now on. */
  constructor(socket: Socket, options: RpcLinkOptions) {
    this.#socket = socket;
    this.#options = options;
    const lines = new LineReader(MAX_LINE_BYTES);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) this.#handleLine(line);
      } catch (error) {
        this.#end(error as Error);
      }
    });
    let failure: Error | undefined;
    socket.on('error', (error) => (failure = error));
    socket.on('close', () => this.#end(failure));
  }

  /** Whether the other side is gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Calls a method of the other side.
   *
   * @param timeoutMs How long to wait for the answer; for ever if left out.
   * @throws {link_lost} If the other side is gone before it answered.
   * @throws {link_timeout} If it did not answer in time.
   * @throws {HostError} What the handler threw.
   */
  call(method: string, params: unknown, timeoutMs?: number): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new HostError('link_lost', { method }));
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              this.#pending.delete(id);
              reject(new HostError('link_timeout', { method, timeoutMs }));
            }, timeoutMs);
      this.#pending.set(id, { resolve, reject, stopTimer: () => clearTimeout(timer) });
      this.#write({ jsonrpc: '2.0', id, method, params });
    });
  }

  /** Tells the other side something; lost without a word if that is gone. */
  notify(method: string, params: unknown): void {
    this.#write({ jsonrpc: '2.0', method, params });
  }

  close(): void {
    this.#socket.end();
    this.#end(undefined);
  }

  /** Lets the process end while this link is open. */
  unref(): void {
    this.#socket.unref();
  }

  #write(message: object): void {
    if (this.#isClosed) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength > MAX_BACKLOG_BYTES) {
      this.#end(new Error('the other side reads no more'));
    }
  }

  #handleLine(line: string): void {
    if (this.#isClosed) return;
    const message = JSON.parse(line) as {
      id?: unknown;
      method?: unknown;
      params?: unknown;
      result?: unknown;
      error?: unknown;
    };
    const { id, method } = message;
    if (typeof method !== 'string') this.#handleAnswer(Number(id), message);
    // In the order of arrival: whoever waits for an answer that came before goes on first.
    else if (typeof id === 'number')
      queueMicrotask(() => void this.#answer(id, method, message.params));
    else queueMicrotask(() => void this.#take(method, message.params));
  }

  #handleAnswer(id: number, { result, error }: { result?: unknown; error?: unknown }): void {
    const call = this.#pending.get(id);
    // An answer that came too late.
    if (call === undefined) return;
    this.#pending.delete(id);
    call.stopTimer();
    if (error === undefined) call.resolve(result);
    else call.reject(fromWire(error));
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    try {
      const result = await this.#run(method, params);
      this.#write({ jsonrpc: '2.0', id, result: result ?? null });
    } catch (error) {
      this.#write({ jsonrpc: '2.0', id, error: toWire(error) });
    }
  }

  async #take(method: string, params: unknown): Promise<void> {
    try {
      await this.#run(method, params);
    } catch (error) {
      this.#options.onNoticeFailed?.(method, error);
    }
  }

  #run(method: string, params: unknown): unknown {
    const { handlers } = this.#options;
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (handler === undefined) throw new HostError('link_unknown_method', { method });
    return handler(params, this);
  }

  #end(reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (reason !== undefined) this.#socket.destroy();
    for (const { reject, stopTimer } of this.#pending.values()) {
      stopTimer();
      reject(new HostError('link_lost', { method: 'a call' }, { cause: reason }));
    }
    this.#pending.clear();
    this.#options.onClose?.(reason);
  }
}

/** JSON-RPC's number for errors that are the application's. */
const APPLICATION_ERROR = -32_000;

function toWire(error: unknown): WireError {
  const { code, fields, message } = toHostError(error);
  return { code: APPLICATION_ERROR, message, data: { code, fields } };
}

/** What another process calls an error may be anything; whoever waits for the answer gets an error all the same. */
function fromWire(error: unknown): HostError {
  const { message, data } = fieldsOf(error);
  const { code, fields } = fieldsOf(data);
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code)) {
    const reason = typeof message === 'string' ? message : 'an answer that is none';
    return new HostError('internal_error', { reason });
  }
  const plain = Object.entries(fieldsOf(fields)).filter(
    (entry): entry is [string, string | number] => /^(string|number)$/.test(typeof entry[1]),
  );
  return new HostError(code as ErrorCode, Object.fromEntries(plain));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
