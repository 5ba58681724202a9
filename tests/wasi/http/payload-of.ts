/** What a guest would be told by a call that fails. */
import { WitError } from '../../../host/component/host-interface.ts';

/**
 * @returns The error value, or undefined if the call succeeds.
 * @throws {unknown} What is no error value.
 */
export function payloadOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof WitError) return error.payload;
    throw error;
  }
}
