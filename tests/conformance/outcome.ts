/** How a call of a guest's function ended, in a form that can be compared between engines. */
import { endReasonOf, type EndReason } from '../../host/component/ending.ts';
import { describeValue } from './describe-value.ts';

/** An ending. */
export type Outcome =
  | { readonly kind: 'value' | 'error'; readonly value: unknown }
  | { readonly kind: 'trap'; readonly reason: EndReason | undefined; readonly error: unknown };

/** Waits for a call. */
export async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { kind: 'value', value: await call() };
  } catch (error) {
    const reason = endReasonOf(error);
    if (reason === undefined && error instanceof Error && 'payload' in error) {
      return { kind: 'error', value: error.payload };
    }
    return { kind: 'trap', reason, error };
  }
}

/** One line; engines that agree give the same. */
export function describeOutcome(outcome: Outcome): string {
  return outcome.kind === 'trap' ? 'trap' : `${outcome.kind} ${describeValue(outcome.value)}`;
}

/**
 * Says what is wrong with a trap: it must be raised by wasm, and come from the guest's own code or a rule
 * that was broken, not from a mistake in ours.
 *
 * @returns Undefined if nothing is.
 */
export function complaintAbout(outcome: Outcome): string | undefined {
  if (outcome.kind !== 'trap') return undefined;
  const { reason, error } = outcome;
  if (!(error instanceof WebAssembly.RuntimeError))
    return `not raised by wasm: ${describeError(error)}`;
  if (reason === undefined || reason.kind === 'rule') return undefined;
  return reason.kind === 'trap'
    ? `not a rule: ${describeError(reason.error)}`
    : `ended: ${reason.kind}`;
}

/** An error with the reasons in it. */
export function describeError(error: unknown): string {
  const reason = endReasonOf(error);
  if (reason?.kind === 'rule') return `rule: ${reason.rule}`;
  if (reason?.kind === 'trap') return `ending by ${describeError(reason.error)}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
