/** A responder that keeps the response, and takes body bytes only as fast as a test lets it. */
import type { ByteSink, Field, HttpResponder } from '../../../host/wasi/ports.ts';

/** Everything that was done to it, in order, and the body. */
export class MemoryResponder implements HttpResponder, ByteSink {
  readonly calls: string[] = [];
  headers: readonly Field[] = [];
  trailers: readonly Field[] | undefined;
  body = '';
  failure: Error | 'closed' | undefined;
  readonly pending = 0;
  #room: number;
  #changed = Promise.withResolvers<void>();

  /** @param room Bytes it takes before the test calls `take`. */
  constructor(room = Infinity) {
    this.#room = room;
  }

  get capacity(): number {
    return Math.min(this.#room, 0x7fff_ffff);
  }

  begin(status: number, headers: readonly Field[]): ByteSink {
    this.calls.push(`begin ${status}`);
    this.headers = headers;
    return this;
  }

  end(trailers: readonly Field[] | undefined): void {
    this.calls.push('end');
    this.trailers = trailers;
  }

  abort(): void {
    this.calls.push('abort');
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > this.capacity) throw new Error('more than the capacity was written');
    this.#room -= bytes.length;
    this.body += Buffer.from(bytes).toString('latin1');
  }

  async ready(): Promise<void> {
    while (this.#room === 0 && this.failure === undefined) await this.#changed.promise;
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  /** Makes room. */
  take(bytes: number): void {
    this.#room += bytes;
    this.#notify();
  }

  /** The client is gone. */
  leave(): void {
    this.failure = 'closed';
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
