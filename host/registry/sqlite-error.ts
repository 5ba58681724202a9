/** Failures of the registry's file, of SQLite and of what stands in it → coded errors that say what to do. */
import { HostError } from '../base/errors.ts';
import { toStorageError } from '../storage/storage-error.ts';

/**
 * Gives a caught error as a coded one. A `HostError` is given back as it is.
 *
 * @param path The database file.
 * @see https://www.sqlite.org/rescode.html
 */
export function toRegistryError(error: unknown, path: string): HostError {
  if (error instanceof HostError) return error;
  const coded = toStorageError(error, 'open', path);
  if (coded.code !== 'storage_failed') return coded;
  const reason = error instanceof Error ? error.message : String(error);
  // What we wrote as JSON is none any more.
  if (error instanceof SyntaxError) {
    return new HostError('registry_corrupt', { path, reason }, { cause: error });
  }
  const options = { cause: error };
  const storage = { action: 'write', value: path, reason };
  // The low byte is the primary code, the rest tells more of it.
  switch (resultCodeOf(error) & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return new HostError('registry_busy', { path }, options);
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new HostError('registry_corrupt', { path, reason }, options);
    case 13: // SQLITE_FULL
      return new HostError('storage_full', storage, options);
    case 3: // SQLITE_PERM
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      return new HostError('storage_readonly', storage, options);
    default:
      return new HostError('registry_failed', { path, reason }, options);
  }
}

function resultCodeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
}
