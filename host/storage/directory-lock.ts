/**
 * One holder at a time for a directory, across processes: an exclusive SQLite lock on a file in it.
 *
 * Node has no `flock`, and SQLite's locks are what it lacks: `fcntl` record locks on Linux and macOS,
 * `LockFileEx` on Windows. The kernel drops them when the process ends, however it ends, so nothing is
 * stale after kill -9, a recycled pid cannot be taken for the holder, and processes in different pid or
 * network namespaces (containers with a common volume) see each other, as with abstract sockets or pid
 * files they would not. SQLite also keeps two openings in one process apart, which bare `fcntl` does not.
 * Children do not inherit the lock. Nothing is ever written to the file and it is never removed: a
 * second holder could lock the new file while the first still holds the old one.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Closeable } from '../base/closeable.ts';
import { errnoOf } from './storage-error.ts';

const SQLITE_BUSY = 5;

/** A held lock; closing it or the end of the process gives it back. Dropping the last reference does too. */
export class DirectoryLock implements Closeable, Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Takes the lock without waiting.
   *
   * @param path The lock file; created if it is missing.
   * @returns The lock, or undefined if somebody holds it.
   */
  static acquire(path: string): DirectoryLock | undefined {
    createPrivately(path);
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // Without a journal the transaction is nothing but the lock.
      database.exec('PRAGMA journal_mode = OFF');
      database.exec('BEGIN EXCLUSIVE');
      return new DirectoryLock(database);
    } catch (error) {
      database.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Creates the file with mode 0600 if it is missing. An existing one is not opened: closing any
 * descriptor of a file drops all `fcntl` locks that this process has on it.
 */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
