/**
 * A byte source that can tell whether it is ready.
 *
 * Taking is the only way to ask a `ByteSource`, so what was taken to answer is kept here for the next
 * read. Streams over the same source (each `get-stdin` makes one) share one `ReadAhead`: bytes taken
 * on behalf of one of them are not lost when it is dropped.
 */
import type { ByteSource } from '../ports.ts';

/** Most bytes of one read, and most bytes taken ahead: what a host holds for a stream stays small. */
export const READ_LIMIT_BYTES = 65_536;

const shared = new WeakMap<ByteSource, ReadAhead>();

/** A source with at most one chunk taken ahead. */
export class ReadAhead {
  readonly #source: ByteSource;
  #chunk: Uint8Array | undefined;
  #failure: { readonly cause: unknown } | undefined;
  #ended = false;

  private constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The one `ReadAhead` of a source. */
  static of(source: ByteSource): ReadAhead {
    let ahead = shared.get(source);
    if (ahead === undefined) shared.set(source, (ahead = new ReadAhead(source)));
    return ahead;
  }

  /** Whether `take` would give something: bytes, the end, or an error. */
  isReady(): boolean {
    if (this.#chunk !== undefined || this.#ended) return true;
    try {
      const taken = this.#source.take(READ_LIMIT_BYTES);
      if (taken === 'end') this.#ended = true;
      else this.#chunk = taken;
      return taken !== undefined;
    } catch (cause) {
      this.#failure = { cause };
      this.#ended = true;
      return true;
    }
  }

  /**
   * Takes what is there without waiting.
   *
   * @param maxBytes 0 to READ_LIMIT_BYTES. With 0, an open stream that is ready gives an empty array.
   * @throws {Error} Once, if the source failed; the end comes after that.
   */
  take(maxBytes: number): Uint8Array | undefined | 'end' {
    if (!this.isReady()) return undefined;
    const chunk = this.#chunk;
    if (chunk !== undefined) {
      this.#chunk = chunk.length > maxBytes ? chunk.subarray(maxBytes) : undefined;
      return chunk.length > maxBytes ? chunk.subarray(0, maxBytes) : chunk;
    }
    if (this.#failure === undefined) return 'end';
    const { cause } = this.#failure;
    this.#failure = undefined;
    throw cause;
  }

  /** Resolves when it is ready. Never rejects. */
  async ready(): Promise<void> {
    while (!this.isReady()) await this.#source.ready();
  }
}
