/**
 * The one error that is no mistake of anybody: the component uses a part of the component model that the
 * native engine leaves to the jco engine. Decoding throws it as soon as it meets such a part.
 */
import { HostError } from '../../base/errors.ts';

/**
 * Makes the error.
 *
 * @param reason What the component uses, as a noun: `futures`.
 */
export function unsupported(reason: string): HostError {
  return new HostError('unsupported_by_native', { reason });
}

/** The reason of such an error; undefined for any other. */
export function unsupportedReason(error: unknown): string | undefined {
  if (!(error instanceof HostError) || error.code !== 'unsupported_by_native') return undefined;
  return String(error.fields['reason']);
}
