/** The error for definitions that are well-formed each by itself, but do not fit each other. */
import { HostError } from '../../base/errors.ts';

/**
 * Makes the error.
 *
 * @param expected What there should be.
 * @param offset First byte of the definition in the uploaded file.
 */
export function malformedAt(expected: string, offset: number): HostError {
  return new HostError('malformed_wasm', { expected, offset });
}
