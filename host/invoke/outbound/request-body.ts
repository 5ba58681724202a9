/**
 * A request's body between the guest that writes it and undici, which pulls: as a `ByteSink` on one
 * side and an async iterator on the other. undici asks for the next piece when the socket has drained,
 * so being asked means that everything before was handed over.
 */
import type { ByteSink } from '../../wasi/ports.ts';

/** Accepted ahead of the socket. */
const BUFFER_BYTES = 65_536;

/** A body on its way to the socket. */
export class RequestBody implements ByteSink, AsyncIterable<Uint8Array> {
  readonly #onHandedOver: () => void;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Given to undici, which has not come back for more. */
  #givenBytes = 0;
  #ended = false;
  #failure: Error | 'closed' | undefined;
  #changed = Promise.withResolvers<void>();

  /** @param onHandedOver Called whenever a piece went out. */
  constructor(onHandedOver: () => void) {
    this.#onHandedOver = onHandedOver;
  }

  get capacity(): number {
    if (this.#failure !== undefined || this.#ended) return 0;
    return Math.max(0, BUFFER_BYTES - this.pending);
  }

  get pending(): number {
    return this.#queuedBytes + this.#givenBytes;
  }

  get failure(): Error | 'closed' | undefined {
    return this.#failure;
  }

  /** Whether it ended without a byte so far. */
  get isEmpty(): boolean {
    return this.#ended && this.pending === 0;
  }

  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined || this.#ended || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#notify();
  }

  async ready(): Promise<void> {
    while (this.capacity === 0 && !this.#isOver()) await this.#changed.promise;
  }

  async flushed(): Promise<void> {
    while (this.pending > 0 && !this.#isOver()) await this.#changed.promise;
  }

  /** No more will be written. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Nobody takes it any more. */
  fail(failure: Error | 'closed'): void {
    this.#failure ??= failure;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#givenBytes = 0;
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        this.#queuedBytes -= next.length;
        this.#givenBytes = next.length;
        yield next;
        this.#givenBytes = 0;
        this.#onHandedOver();
        this.#notify();
      } else if (this.#failure !== undefined) {
        // undici must not take this for the end of a complete body.
        throw this.#failure === 'closed' ? new Error('the body was given up') : this.#failure;
      } else if (this.#ended) return;
      else await this.#changed.promise;
    }
  }

  #isOver(): boolean {
    return this.#failure !== undefined || (this.#ended && this.pending === 0);
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
