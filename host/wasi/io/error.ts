/**
 * `wasi:io/error`: what a guest learns about a failed stream operation.
 *
 * The text is for people. Other packages find the failure underneath through `cause`:
 * `wasi:filesystem` and `wasi:http` have functions that turn it into a code of theirs.
 */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';

/** The resource `error`. */
export class IoError {
  /** What went wrong underneath; never shown to the guest. */
  readonly cause: unknown;
  readonly #message: string;

  /**
   * @param message What the guest sees: names no host path, address or secret.
   * @param cause The failure underneath.
   */
  constructor(message: string, cause?: unknown) {
    this.#message = message;
    this.cause = cause;
  }

  toDebugString(): string {
    return this.#message;
  }
}

/** The interface `wasi:io/error`. */
export const wasiIoError: HostInterface = {
  name: 'wasi:io/error',
  versions: WASI_0_2,
  functions: {},
  resources: { error: IoError },
  blocking: [],
};
