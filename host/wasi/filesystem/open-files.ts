/**
 * Stored files behind a snapshot: opened at the first read, shared by all invocations, and closed again
 * when too many are open. A guest can thus read a directory of any size with few descriptors of ours.
 */
import type { StoredFile } from '../../artifacts/store.ts';
import type { Digest } from '../../base/ids.ts';

/** Opens stored bytes. */
export type SnapshotOpener = (digest: Digest) => Promise<StoredFile>;

interface OpenFile {
  readonly opening: Promise<StoredFile>;
  reads: number;
}

/** Reads stored files by digest. */
export class OpenFiles {
  readonly #open: SnapshotOpener;
  readonly #limit: number;
  /** Least recently used first. */
  readonly #files = new Map<Digest, OpenFile>();
  readonly #reading = new Set<Promise<Uint8Array>>();
  #closing: Promise<void> | undefined;

  /**
   * @param open Opens a file; called again if it was closed meanwhile.
   * @param limit Most files that stay open without a read under way, at least 1.
   */
  constructor(open: SnapshotOpener, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  /**
   * Reads up to `length` bytes at `offset`.
   *
   * @param size Size the file must have.
   */
  read(digest: Digest, size: number, offset: number, length: number): Promise<Uint8Array> {
    if (this.#closing !== undefined) return Promise.reject(new Error('the snapshot is closed'));
    const reading = this.#read(digest, size, offset, length);
    this.#reading.add(reading);
    const forget = (): void => void this.#reading.delete(reading);
    reading.then(forget, forget);
    return reading;
  }

  /** Closes every file once the reads under way have ended. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#reading).then(() => this.#closeIdle(0));
    return this.#closing;
  }

  async #read(digest: Digest, size: number, offset: number, length: number): Promise<Uint8Array> {
    const file = this.#files.get(digest) ?? { opening: this.#open(digest), reads: 0 };
    this.#files.delete(digest);
    this.#files.set(digest, file);
    file.reads += 1;
    try {
      const stored = await file.opening;
      if (stored.size !== size) {
        throw new Error(`${digest} has ${stored.size} bytes, and not ${size} as its entry says`);
      }
      return await stored.read(offset, length);
    } catch (error) {
      // The next read tries to open it again.
      if (this.#files.get(digest) === file) this.#files.delete(digest);
      throw error;
    } finally {
      file.reads -= 1;
      await this.#closeIdle(this.#limit);
    }
  }

  async #closeIdle(limit: number): Promise<void> {
    for (const [digest, file] of this.#files) {
      if (this.#files.size <= limit) return;
      if (file.reads > 0) continue;
      this.#files.delete(digest);
      const stored = await file.opening;
      await stored.close();
    }
  }
}
