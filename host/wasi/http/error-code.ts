/** The variant `error-code` of `wasi:http/types`, and how failures of ours become one. */
import { WitError } from '../../component/host-interface.ts';
import type { IoError } from '../io/error.ts';
import { HttpFailure, type Guest } from '../ports.ts';

/** A case of `error-code`: its WIT name, and its payload if it has one. */
export interface ErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/**
 * Reads the code of a failure.
 *
 * @returns `internal-error` without text if it is not a `HttpFailure`: other errors may name things of the host.
 */
export function errorCodeOf(failure: unknown): ErrorCode {
  return failure instanceof HttpFailure ? failure.errorCode : { tag: 'internal-error' };
}

/** Makes the error value of a `result<_, error-code>`. */
export function createHttpError(code: ErrorCode): WitError<ErrorCode> {
  return new WitError(code);
}

/** Makes the error value of a `result` without an error type. */
export function createPlainError(): WitError<undefined> {
  return new WitError(undefined);
}

/** `http-error-code`: the code behind a failed stream, if HTTP was what failed. */
export function httpErrorCode(_guest: Guest, error: IoError): ErrorCode | undefined {
  return error.cause instanceof HttpFailure ? error.cause.errorCode : undefined;
}
