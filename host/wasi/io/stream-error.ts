/** The variant `stream-error` of `wasi:io/streams`, as the values that input and output streams throw. */
import { WitError } from '../../component/host-interface.ts';
import { IoError } from './error.ts';

/** Case `closed` or `last-operation-failed`. */
export type StreamError =
  | { readonly tag: 'closed' }
  | { readonly tag: 'last-operation-failed'; readonly val: IoError };

/** Makes the error of a stream that has ended. */
export function createClosedError(): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'closed' });
}

/**
 * Makes the error of a stream that broke.
 *
 * @param cause Its message is shown to the guest.
 */
export function createFailedError(cause: unknown): WitError<StreamError> {
  const message = cause instanceof Error ? cause.message : 'the stream failed';
  return new WitError<StreamError>({
    tag: 'last-operation-failed',
    val: new IoError(message, cause),
  });
}
