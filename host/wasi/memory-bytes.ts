/** Bytes in memory as the ports of `ports.ts`: a request body at hand, a guest's output to keep. */
import type { ByteSink, ByteSource } from './ports.ts';

const READY = Promise.resolve();

/** The source of a message without a body; there is one, so that it is known by its identity. */
export const NO_BODY: ByteSource = Object.freeze({
  take: () => 'end' as const,
  ready: () => READY,
  close: () => {},
});

/** Gives bytes that are all there. */
export class BufferSource implements ByteSource {
  #rest: Uint8Array;

  /** @param bytes Not copied; must not change any more. */
  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  take(maxBytes: number): Uint8Array | 'end' {
    if (this.#rest.length === 0) return 'end';
    const taken = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  ready(): Promise<void> {
    return READY;
  }

  close(): void {
    this.#rest = new Uint8Array(0);
  }
}

/** What a `CollectSink` does, besides keeping bytes. */
export interface CollectOptions {
  /** Most bytes kept. */
  readonly limitBytes: number;
  /**
   * What happens to bytes beyond the limit: `fail` ends the sink with an error that the writer sees;
   * `discard` drops them, and `discardedBytes` counts.
   */
  readonly beyond: 'fail' | 'discard';
  /** Called with each piece that was kept, right after it was. */
  readonly onWrite?: (bytes: Uint8Array) => void;
}

/** Keeps bytes up to a limit. It never makes the writer wait. */
export class CollectSink implements ByteSink {
  readonly pending = 0;
  readonly #options: CollectOptions;
  #chunks: Uint8Array[] = [];
  #keptBytes = 0;
  #discardedBytes = 0;
  #failure: Error | 'closed' | undefined;

  constructor(options: CollectOptions) {
    this.#options = options;
  }

  /** One more than there is room for: only a byte beyond the limit shows that the limit was passed. */
  get capacity(): number {
    if (this.#failure !== undefined) return 0;
    if (this.#options.beyond === 'discard') return 0x7fff_ffff;
    return this.#options.limitBytes - this.#keptBytes + 1;
  }

  get failure(): Error | 'closed' | undefined {
    return this.#failure;
  }

  /** Bytes kept so far, and not yet taken out by `drain`. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Bytes beyond the limit so far. */
  get discardedBytes(): number {
    return this.#discardedBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return;
    const kept = bytes.subarray(0, this.#options.limitBytes - this.#keptBytes);
    const beyond = bytes.length - kept.length;
    this.#discardedBytes += beyond;
    if (beyond > 0 && this.#options.beyond === 'fail') {
      this.#failure = new Error(`more than ${this.#options.limitBytes} bytes were written`);
    }
    if (kept.length === 0) return;
    this.#chunks.push(kept);
    this.#keptBytes += kept.length;
    this.#options.onWrite?.(kept);
  }

  ready(): Promise<void> {
    return READY;
  }

  flushed(): Promise<void> {
    return READY;
  }

  /** No more is wanted: the writer sees a closed stream. */
  close(): void {
    this.#failure ??= 'closed';
  }

  /** All bytes kept so far, as one array. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  /** Gives the bytes kept so far and makes room for as many again. */
  drain(): Uint8Array {
    const bytes = this.bytes();
    this.#chunks = [];
    this.#keptBytes = 0;
    return bytes;
  }
}
