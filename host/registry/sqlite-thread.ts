/**
 * The main side of the registry's thread: method calls → messages → promises. When the thread ends,
 * for whatever reason, every call that waits for it rejects; none hangs.
 */
import { Worker } from 'node:worker_threads';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import type {
  RegistryMethod,
  RegistryParameters,
  RegistryReply,
  RegistryRequest,
  RegistryResult,
} from './sqlite-protocol.ts';

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: HostError): void;
}

/** One thread with one open database. */
export class SqliteThread implements Closeable, AsyncDisposable {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #end: HostError | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Starts the thread; the database is opened by the first call.
   *
   * @param path The database file.
   */
  constructor(path: string) {
    // Published packages hold compiled JavaScript, checkouts TypeScript.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const script = new URL(`./sqlite-worker.${extension}`, import.meta.url);
    this.#worker = new Worker(script, { name: 'registry', workerData: { path } });
    this.#worker.on('message', (reply: RegistryReply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#fail('a reply cannot be read', error));
    this.#worker.on('error', (error) => this.#fail('its thread failed', error));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail('its thread has ended', undefined);
        resolve();
      });
    });
  }

  /** Whether calls can still succeed. */
  get alive(): boolean {
    return this.#end === undefined;
  }

  /**
   * Runs a method of `RegistryDatabase` on the thread. Calls run in the order they are made.
   *
   * @throws {registry_unavailable} If the thread ended before it answered.
   */
  call<M extends RegistryMethod>(
    method: M,
    ...parameters: RegistryParameters<M>
  ): Promise<RegistryResult<M>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) throw this.#end;
      this.#lastId += 1;
      const request: RegistryRequest = { id: this.#lastId, method, parameters };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window.
      this.#worker.postMessage(request);
      this.#pending.set(request.id, {
        resolve: (value) => resolve(value as RegistryResult<M>),
        reject,
      });
    });
  }

  /** Lets the calls before it finish, closes the database and waits for the thread's end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      if (this.alive) await this.call('close');
    } finally {
      await this.#worker.terminate();
      await this.#ended;
    }
  }

  #settle(reply: RegistryReply): void {
    const call = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('value' in reply) return call?.resolve(reply.value);
    const { code, fields, cause } = reply.failure;
    return call?.reject(new HostError(code, fields, { cause }));
  }

  #fail(reason: string, cause: unknown): void {
    this.#end ??= new HostError('registry_unavailable', { reason }, { cause });
    for (const call of this.#pending.values()) call.reject(this.#end);
    this.#pending.clear();
  }
}
