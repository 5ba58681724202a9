/**
 * File system failures → coded errors that a person can act on: a full disk, a directory that cannot be
 * written and a process out of descriptors are the machine's everyday troubles and get codes of their own.
 *
 * EFBIG counts as full too: it is what a file size limit (`ulimit -f`) answers.
 */
import { HostError } from '../base/errors.ts';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const EXHAUSTED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);
const UNWRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Failures of reading that only storing the file anew can mend. */
const DAMAGE: Readonly<Record<string, string>> = {
  EIO: 'the disk cannot give its bytes back',
  EISDIR: 'there is a directory in its place',
  ENOTDIR: 'there is a file where its directory should be',
  EUCLEAN: 'the file system is damaged there',
};

/** What is wrong, in words, for the errors that people meet. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'it exists and is not a directory',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'the whole system has too many open files',
  ENAMETOOLONG: 'the path is too long',
  EIO: 'the disk reports an input/output error',
};

/**
 * Gives a caught error as a coded one. A `HostError` is given back as it is.
 *
 * @param error Whatever a file operation threw.
 * @param action What was being done: `store`, `read`, `remove`.
 * @param value What it was done to: a digest, a file name.
 */
export function toStorageError(error: unknown, action: string, value: string): HostError {
  if (error instanceof HostError) return error;
  const code = errnoOf(error);
  const fields = { action, value, reason: reasonOf(error) };
  if (FULL.has(code)) return new HostError('storage_full', fields, { cause: error });
  if (UNWRITABLE.has(code)) return new HostError('storage_readonly', fields, { cause: error });
  if (EXHAUSTED.has(code)) return new HostError('files_exhausted', fields, { cause: error });
  return new HostError('storage_failed', fields, { cause: error });
}

/** The errno name of an error (`ENOENT`), or empty. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/**
 * What is damaged when reading a stored file failed like this, in words; undefined if the failure says nothing
 * about the file itself.
 */
export function damageOf(error: unknown): string | undefined {
  return DAMAGE[errnoOf(error)];
}

/** What went wrong, in words where we have them. */
export function reasonOf(error: unknown): string {
  return REASONS[errnoOf(error)] ?? (error instanceof Error ? error.message : String(error));
}
