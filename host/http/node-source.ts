/**
 * A request's body as a `ByteSource`: at most 64 KiB wait here, the rest stays with the client. What nobody
 * reads is thrown away up to a bound, so that the connection can serve its next request.
 */
import type { ByteSource, Field } from '../wasi/ports.ts';
import { trailersOf } from './fields.ts';
import type { RequestMessage } from './message.ts';

/** Bytes that wait for the reader before the client is made to wait. */
const HIGH_WATER_BYTES = 64 * 1024;
/** What a chunk counts at least: a client that sends single bytes fills memory with their bookkeeping. */
const LEAST_CHUNK_BYTES = 256;
/** Unread bytes that are thrown away before it is cheaper to close the connection. */
const DRAIN_BYTES = 1024 * 1024;

const READY = Promise.resolve();

/** Reads a request's body at the reader's pace. Nothing is read before the first `take` or `ready`. */
export class NodeSource implements ByteSource {
  readonly #request: RequestMessage;
  readonly #onFirstUse: (() => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #waitingBytes = 0;
  #discardedBytes = 0;
  #state: 'untouched' | 'reading' | 'discarding' | 'ended' = 'untouched';
  #failure: Error | undefined;
  #onOverrun: (() => void) | undefined;
  #waiter: PromiseWithResolvers<void> | undefined;
  #trailers: PromiseWithResolvers<readonly Field[] | undefined> | undefined;

  /**
   * @param request The request; its body has not been touched.
   * @param onFirstUse Called before the first byte is asked for: sends the "100 Continue" the client waits for.
   */
  constructor(request: RequestMessage, onFirstUse: (() => void) | undefined) {
    this.#request = request;
    this.#onFirstUse = onFirstUse;
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    this.#start();
    const chunk = this.#chunks[0];
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return this.#state === 'reading' ? undefined : 'end';
    }
    if (chunk.byteLength > maxBytes) {
      this.#chunks[0] = chunk.subarray(maxBytes);
      this.#waitingBytes -= weightOf(chunk) - weightOf(this.#chunks[0]);
      return chunk.subarray(0, maxBytes);
    }
    this.#chunks.shift();
    this.#waitingBytes -= weightOf(chunk);
    if (this.#waitingBytes < HIGH_WATER_BYTES && this.#request.isPaused()) this.#request.resume();
    return chunk;
  }

  ready(): Promise<void> {
    this.#start();
    if (this.#chunks.length > 0 || this.#state !== 'reading') return READY;
    this.#waiter ??= Promise.withResolvers();
    return this.#waiter.promise;
  }

  /** Trailers once the body has ended; rejects if it never will. */
  trailers(): Promise<readonly Field[] | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#state === 'ended') return Promise.resolve(trailersOf(this.#request.rawTrailers));
    this.#trailers ??= Promise.withResolvers();
    return this.#trailers.promise;
  }

  close(): void {
    // A client that waits for "100 Continue" in vain sends nothing: there is nothing to throw away.
    if (this.#state === 'untouched' && this.#onFirstUse !== undefined) {
      this.#end();
      return;
    }
    this.#start();
    if (this.#state !== 'reading') return;
    this.#state = 'discarding';
    this.#chunks.length = 0;
    this.#waiter?.resolve();
    this.#request.resume();
  }

  /**
   * The response is complete: throws the rest of the body away.
   *
   * @param onOverrun Called when there is too much of it.
   */
  drain(onOverrun: () => void): void {
    this.close();
    if (this.#discardedBytes > DRAIN_BYTES) onOverrun();
    else this.#onOverrun = onOverrun;
  }

  /** No more bytes will come. Does nothing after the end. */
  fail(error: Error): void {
    if (this.#state === 'ended') return;
    this.#failure = error;
    this.#end();
  }

  #start(): void {
    if (this.#state !== 'untouched') return;
    this.#state = 'reading';
    this.#onFirstUse?.();
    this.#request.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#request.on('end', () => this.#end());
    this.#request.on('error', (error) => this.fail(error));
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'reading') {
      this.#chunks.push(chunk);
      this.#waitingBytes += weightOf(chunk);
      if (this.#waitingBytes >= HIGH_WATER_BYTES) this.#request.pause();
      this.#wake();
      return;
    }
    this.#discardedBytes += chunk.byteLength;
    if (this.#discardedBytes <= DRAIN_BYTES) return;
    this.#request.pause();
    this.#onOverrun?.();
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#wake();
    if (this.#failure === undefined) {
      this.#trailers?.resolve(trailersOf(this.#request.rawTrailers));
    } else {
      this.#trailers?.reject(this.#failure);
    }
  }

  #wake(): void {
    this.#waiter?.resolve();
    this.#waiter = undefined;
  }
}

function weightOf(chunk: Buffer): number {
  return Math.max(chunk.byteLength, LEAST_CHUNK_BYTES);
}
