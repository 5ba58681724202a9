/**
 * A response's body between undici, which pushes, and the guest that reads at its own pace: the socket
 * is paused while too much is waiting.
 */
import type { ByteSource } from '../../wasi/ports.ts';

/** Waiting bytes at which the socket is paused; it goes on when fewer wait. */
const BUFFER_BYTES = 65_536;

/** What a response body needs of the exchange it belongs to. */
export interface BodyFlow {
  pause(): void;
  resume(): void;
  /** The reader wants no more. */
  cancel(): void;
}

/** A body on its way to the guest. */
export class ResponseBody implements ByteSource {
  readonly #flow: BodyFlow;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  #over: 'end' | Error | undefined;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  constructor(flow: BodyFlow) {
    this.#flow = flow;
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    const next = this.#queue[0];
    if (next === undefined) {
      if (this.#closed) return 'end';
      if (this.#over instanceof Error) throw this.#over;
      return this.#over;
    }
    const taken = next.subarray(0, maxBytes);
    if (taken.length < next.length) this.#queue[0] = next.subarray(taken.length);
    else this.#queue.shift();
    this.#queuedBytes -= taken.length;
    this.#resumeIfRoom();
    return taken;
  }

  async ready(): Promise<void> {
    while (this.#queue.length === 0 && this.#over === undefined && !this.#closed) {
      await this.#changed.promise;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#over === undefined) this.#flow.cancel();
    this.#notify();
  }

  /** Bytes have come. They must not change any more. */
  push(bytes: Uint8Array): void {
    if (this.#closed || this.#over !== undefined || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#paused && this.#queuedBytes >= BUFFER_BYTES) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#notify();
  }

  /** No more will come; what is waiting can still be read. */
  finish(over: 'end' | Error): void {
    this.#over ??= over;
    this.#notify();
  }

  #resumeIfRoom(): void {
    if (!this.#paused || this.#queuedBytes >= BUFFER_BYTES) return;
    this.#paused = false;
    this.#flow.resume();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
