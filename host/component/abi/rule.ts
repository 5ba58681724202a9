/** How the canonical ABI's code ends an instance whose guest broke a rule. */
import { createEnding, endReasonOf } from '../ending.ts';
import { WitError } from '../host-interface.ts';

/**
 * Ends the instance.
 *
 * @param rule One sentence for the guest's author.
 * @throws {WebAssembly.RuntimeError} Always; no guest can catch it.
 */
export function breakRule(rule: string): never {
  throw createEnding({ kind: 'rule', rule });
}

/**
 * What is thrown through a guest's frames in place of any error: itself if it is an ending or a guest's
 * own trap, otherwise an ending that carries it.
 */
export function toEnding(error: unknown): unknown {
  if (endReasonOf(error) !== undefined) return error;
  if (isSuspendError(error)) return createEnding({ kind: 'rule', rule: NESTED_WAIT });
  return createEnding({ kind: 'trap', error });
}

/** What V8 throws when a guest calls a function that may block where it cannot be suspended. */
export function isSuspendError(error: unknown): boolean {
  return WebAssembly.SuspendError !== undefined && error instanceof WebAssembly.SuspendError;
}

/** The rule that a guest breaks that would have to wait where it cannot be suspended. */
export const NESTED_WAIT =
  'a function that may block was called from a destructor or from cabi_realloc';

/**
 * The value of a WIT `result`'s `err` that a host function threw.
 *
 * @throws {unknown} The ending, if what was thrown is no error value.
 */
export function errorValueOf(error: unknown): unknown {
  if (error instanceof WitError) return error.payload;
  if (endReasonOf(error) === undefined && error instanceof Error && 'payload' in error) {
    return error.payload;
  }
  throw toEnding(error);
}
