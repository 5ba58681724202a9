/** A file of a snapshot as a `ByteSource`: reads one chunk at a time, when asked. */
import type { ByteSource, SnapshotNode } from '../ports.ts';
import { FilesystemFailure } from './error-code.ts';

/** What one read of the storage brings; also what an idle stream holds at most. */
const CHUNK_BYTES = 65_536;

/** Reads a file from an offset to its end. */
export class FileSource implements ByteSource {
  readonly #file: SnapshotNode & { readonly kind: 'file' };
  #offset: number;
  #chunk: Uint8Array | undefined;
  #reading: Promise<void> | undefined;
  #failure: FilesystemFailure | undefined;
  #closed = false;

  /** @param offset Where to begin; beyond the end means at the end. */
  constructor(file: SnapshotNode & { readonly kind: 'file' }, offset: bigint) {
    this.#file = file;
    this.#offset = offset < file.size ? Number(offset) : file.size;
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    const chunk = this.#chunk;
    if (chunk !== undefined) {
      this.#chunk = chunk.length > maxBytes ? chunk.subarray(maxBytes) : undefined;
      return chunk.subarray(0, maxBytes);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed || this.#offset >= this.#file.size) return 'end';
    void this.ready();
    return undefined;
  }

  ready(): Promise<void> {
    if (this.#chunk !== undefined || this.#failure !== undefined) return Promise.resolve();
    if (this.#closed || this.#offset >= this.#file.size) return Promise.resolve();
    this.#reading ??= this.#readChunk();
    return this.#reading;
  }

  close(): void {
    this.#closed = true;
    this.#chunk = undefined;
  }

  async #readChunk(): Promise<void> {
    const length = Math.min(CHUNK_BYTES, this.#file.size - this.#offset);
    try {
      const bytes = await this.#file.read(this.#offset, length);
      if (bytes.length === 0) throw new Error('the stored file is shorter than its entry says');
      this.#offset += bytes.length;
      if (!this.#closed) this.#chunk = bytes;
    } catch (cause) {
      this.#failure = new FilesystemFailure('io', cause);
    }
    this.#reading = undefined;
  }
}
