/** A body that may not be longer than its limit: a byte source that stops and tells when it is. */
import type { ByteSource } from '../wasi/ports.ts';

/** Passes bytes on until the limit. */
export class LimitedSource implements ByteSource {
  readonly #inner: ByteSource;
  readonly #onExceeded: () => void;
  #left: number;

  /**
   * @param inner Where the bytes come from.
   * @param limitBytes Most bytes that may come.
   * @param onExceeded Called once, at the first byte too many.
   */
  constructor(inner: ByteSource, limitBytes: number, onExceeded: () => void) {
    this.#inner = inner;
    this.#left = limitBytes;
    this.#onExceeded = onExceeded;
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    if (this.#left < 0) throw new Error('body is larger than its limit');
    const taken = this.#inner.take(maxBytes);
    if (taken === undefined || taken === 'end') return taken;
    this.#left -= taken.byteLength;
    if (this.#left >= 0) return taken;
    this.#inner.close();
    this.#onExceeded();
    throw new Error('body is larger than its limit');
  }

  ready(): Promise<void> {
    return this.#left < 0 ? Promise.resolve() : this.#inner.ready();
  }

  close(): void {
    this.#inner.close();
  }
}
