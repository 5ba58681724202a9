/**
 * What `stream<u8>` is in the hands of the host: bytes at the reader's pace, whoever writes them. The same shape as
 * the source of a body in `wasi/`, so that bodies and streams are one thing.
 */

/** Bytes that come, at the pace of who takes them. */
export interface ByteStream {
  /**
   * Takes what is there, at most `maxBytes` (1 to 2^31), without waiting.
   *
   * @returns Bytes (never an empty array), `undefined` if nothing is there yet, or `'end'`.
   * @throws {Error} If it failed.
   */
  take(maxBytes: number): Uint8Array | undefined | 'end';
  /** Resolves when `take` would not return `undefined`. Never rejects. */
  ready(): Promise<void>;
  /** Nobody wants more of it. Idempotent. */
  close(): void;
}

/** What an asynchronous function of the host may return: a promise whose work can be given up. */
export type CancellablePromise<T> = Promise<T> & { readonly cancel?: () => void };
