/** The enum `error-code` of `wasi:filesystem/types`, as far as a read-only tree needs it. */
import { WitError } from '../../component/host-interface.ts';

/** Cases of `error-code` that this host answers. */
export type FilesystemErrorCode =
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'name-too-long'
  | 'no-entry'
  | 'not-directory'
  | 'not-permitted'
  | 'read-only';

/** Makes the error value of a call that failed. */
export function filesystemError(code: FilesystemErrorCode): WitError<FilesystemErrorCode> {
  return new WitError(code);
}

/** What makes a file's stream fail; `filesystem-error-code` finds the code in it. */
export class FilesystemFailure extends Error {
  override readonly name = 'FilesystemFailure';
  readonly code: FilesystemErrorCode;

  /** @param cause What failed underneath; the guest does not see it. */
  constructor(code: FilesystemErrorCode, cause: unknown) {
    super(`the file cannot be read: ${code}`, { cause });
    this.code = code;
  }
}
