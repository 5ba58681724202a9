/** A source whose bytes come when the test says so. */
import type { ByteSource } from '../../host/wasi/ports.ts';

/** Gives what was pushed. */
export class SlowSource implements ByteSource {
  closed = false;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #failure: Error | undefined;
  #change = Promise.withResolvers<void>();

  push(text: string): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(text)]);
    this.#change.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#change.resolve();
  }

  fail(failure: Error): void {
    this.#failure = failure;
    this.#change.resolve();
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#bytes.length > 0) {
      const taken = this.#bytes.subarray(0, maxBytes);
      this.#bytes = this.#bytes.subarray(maxBytes);
      return taken;
    }
    if (this.#ended || this.closed) return 'end';
    this.#change = Promise.withResolvers<void>();
    return undefined;
  }

  ready(): Promise<void> {
    return this.#change.promise;
  }

  close(): void {
    this.closed = true;
    this.#change.resolve();
  }
}
