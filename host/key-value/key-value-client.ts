/**
 * The port of key-value storage over a link to the driver's process. Every call ends: with an answer, with the
 * driver's refusal, or, when the process is not there, slow or gone, with an error after a bounded time. A call that
 * comes while the process starts waits for it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Closeable } from '../base/closeable.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { HostError } from '../base/errors.ts';
import { RpcLink } from '../links/rpc-link.ts';
import { connectToPath } from '../links/unix-socket.ts';
import { checkKey, checkKeys, checkStoreName, checkWrites, refuse } from './check-request.ts';
import { checkQueue } from './commit-queue.ts';
import type {
  KeyValueBucket,
  KeyValueEntry,
  KeyValueLimits,
  KeyValuePage,
  KeyValueQuery,
  KeyValueStore,
  KeyValueWrite,
  SwapOutcome,
} from './key-value-store.ts';
import {
  bigintOf,
  decodeEntry,
  decodePage,
  decodeSwap,
  encodeWrites,
  listOf,
  numberOf,
} from './wire.ts';

/** What a client is made with. */
export interface KeyValueClientOptions {
  /** Path of the driver's socket. */
  readonly path: string;
  readonly limits: KeyValueLimits;
  /** Told before every call that needs a new link: whoever starts the driver starts it then. */
  readonly onCall?: () => void;
}

/** Longest wait for a process that starts; at most half of what a call may take. */
const CONNECT_MS = 2000;
/** How often its socket is looked for. */
const RETRY_MS = 25;
/** After a wait in vain the next ones fail at once, so that guests do not pile up. */
const GIVE_UP_MS = 1000;

/** Methods that change nothing. */
const READS: ReadonlySet<string> = new Set(['get', 'exists', 'list']);

/** Calls the driver. */
export class KeyValueClient implements KeyValueStore, Closeable {
  readonly #options: KeyValueClientOptions;
  readonly limits: KeyValueLimits;
  #link: Promise<RpcLink> | undefined;
  #failedAtMs = -Infinity;
  #isClosed = false;
  #waiting = 0;
  #waitingBytes = 0;

  constructor(options: KeyValueClientOptions) {
    this.#options = options;
    this.limits = options.limits;
  }

  open(name: string): KeyValueBucket {
    checkStoreName(name);
    return new ClientBucket(name, this);
  }

  async drop(prefix: string): Promise<void> {
    await this.call('drop', { prefix }, 0);
  }

  /**
   * Calls a method of the driver.
   *
   * @param bytes What the call keeps in memory.
   * @throws {HostError} As the methods of `KeyValueBucket` do.
   */
  async call(method: string, params: object, bytes: number): Promise<unknown> {
    checkQueue(this.#waiting, this.#waitingBytes + bytes, this.limits);
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    const untilMs = performance.now() + this.limits.timeoutMs;
    try {
      return await this.#callOnce(method, params, untilMs).catch((error: unknown) => {
        // Whether a write was done is not known; reading again does no harm.
        const isLost = error instanceof HostError && error.code === 'link_lost';
        if (!isLost || !READS.has(method)) throw error;
        return this.#callOnce(method, params, untilMs);
      });
    } catch (error) {
      throw toUnavailable(error);
    } finally {
      this.#waiting -= 1;
      this.#waitingBytes -= bytes;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const link = this.#link;
    this.#link = undefined;
    await link?.then(
      (opened) => opened.close(),
      () => {},
    );
  }

  async #callOnce(method: string, params: object, untilMs: number): Promise<unknown> {
    const link = await this.#connect();
    return await link.call(method, params, Math.max(1, Math.round(untilMs - performance.now())));
  }

  #connect(): Promise<RpcLink> {
    if (this.#isClosed) return Promise.reject(unavailable('the host is closing'));
    this.#link ??= this.#open().catch((error: unknown) => {
      this.#link = undefined;
      throw error;
    });
    return this.#link;
  }

  /** All calls that come meanwhile wait for the same link. */
  async #open(): Promise<RpcLink> {
    this.#options.onCall?.();
    const nowMs = performance.now();
    const patienceMs = Math.min(CONNECT_MS, this.limits.timeoutMs / 2);
    const untilMs = nowMs - this.#failedAtMs < GIVE_UP_MS ? nowMs : nowMs + patienceMs;
    for (;;) {
      const socket = await connectToPath(this.#options.path);
      if (socket !== undefined && !this.#isClosed) {
        return new RpcLink(socket, { handlers: {}, onClose: () => (this.#link = undefined) });
      }
      socket?.destroy();
      if (performance.now() >= untilMs || this.#isClosed) break;
      await delay(RETRY_MS);
    }
    this.#failedAtMs = performance.now();
    throw unavailable('their process is not there');
  }
}

class ClientBucket implements KeyValueBucket {
  readonly #store: string;
  readonly #client: KeyValueClient;

  constructor(store: string, client: KeyValueClient) {
    this.#store = store;
    this.#client = client;
  }

  async get(keys: readonly string[]): Promise<readonly (KeyValueEntry | undefined)[]> {
    checkKeys(keys, this.#client.limits);
    const entries = listOf(await this.#call('get', { keys }, sizeOfKeys(keys)), decodeEntry);
    if (entries.length !== keys.length) throw refuse('read the answer', 'it is not whole');
    return entries;
  }

  async exists(key: string): Promise<boolean> {
    checkKey(key, this.#client.limits);
    return (await this.#call('exists', { key }, key.length)) === true;
  }

  async set(writes: readonly KeyValueWrite[]): Promise<number> {
    checkWrites(writes, this.#client.limits);
    const wire = { writes: encodeWrites(writes) };
    return numberOf(await this.#call('set', wire, sizeOfWrites(writes)));
  }

  async delete(keys: readonly string[]): Promise<number> {
    checkKeys(keys, this.#client.limits);
    return numberOf(await this.#call('delete', { keys }, sizeOfKeys(keys)));
  }

  async listKeys(query: KeyValueQuery): Promise<KeyValuePage> {
    const { prefix = '', cursor = '' } = query;
    // Longer ones begin no key, and would only fill the queue.
    if (prefix.length + cursor.length > 2 * this.#client.limits.keyBytes) {
      throw refuse('list keys', 'the prefix or the cursor is longer than any key');
    }
    return decodePage(await this.#call('list', { query }, prefix.length + cursor.length));
  }

  async increment(
    key: string,
    delta: bigint,
    { min, max }: { readonly min: bigint; readonly max: bigint },
  ): Promise<bigint> {
    checkKey(key, this.#client.limits);
    const params = { key, delta: String(delta), min: String(min), max: String(max) };
    return bigintOf(await this.#call('increment', params, key.length));
  }

  async compareAndSwap(write: KeyValueWrite, revision: number): Promise<SwapOutcome> {
    checkWrites([write], this.#client.limits);
    const params = { write: encodeWrites([write])[0], revision };
    return decodeSwap(await this.#call('swap', params, sizeOfWrites([write])));
  }

  #call(method: string, params: object, bytes: number): Promise<unknown> {
    return this.#client.call(method, { store: this.#store, ...params }, bytes);
  }
}

function sizeOfKeys(keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + key.length, 0);
}

function sizeOfWrites(writes: readonly KeyValueWrite[]): number {
  return writes.reduce((sum, { key, value }) => sum + key.length + value.byteLength, 0);
}

function unavailable(reason: string, cause?: unknown): HostError {
  return new HostError('key_value_unavailable', { reason }, { cause });
}

/** Errors of the link, and what they mean to whoever called. */
const GONE: Readonly<Partial<Record<ErrorCode, string>>> = {
  link_lost: 'their process ended before it answered',
  link_timeout: 'their process did not answer in time',
  socket_path_too_long: 'their socket has too long a path',
};

/** What the driver refused stays; that there is none is one error, whatever showed it. */
function toUnavailable(error: unknown): HostError {
  if (!(error instanceof HostError)) {
    // What the system says may name paths; a guest sees this one.
    return unavailable('their process cannot be reached', error);
  }
  const reason = GONE[error.code];
  return reason === undefined ? error : unavailable(reason, error);
}
