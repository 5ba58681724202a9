/** An open file of the artifact store: random reads through one handle that survives the file's removal. */
import type { FileHandle } from 'node:fs/promises';
import { toStorageError } from '../storage/storage-error.ts';
import type { StoredFile } from './store.ts';

/** Stored bytes behind a file handle. */
export class FsStoredFile implements StoredFile, AsyncDisposable {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #onClose: (file: FsStoredFile) => void;
  #closing: Promise<void> | undefined;

  /**
   * @param file Taken over.
   * @param size Bytes in the file.
   * @param onClose Told once, when closing begins.
   */
  constructor(file: FileHandle, size: number, onClose: (file: FsStoredFile) => void) {
    this.#file = file;
    this.size = size;
    this.#onClose = onClose;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = new Uint8Array(wanted);
    let done = 0;
    try {
      while (done < wanted) {
        const { bytesRead } = await this.#file.read(bytes, done, wanted - done, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } catch (error) {
      throw toStorageError(error, 'read', 'stored file');
    }
    return done === wanted ? bytes : bytes.subarray(0, done);
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#onClose(this);
      this.#closing = this.#file.close();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
