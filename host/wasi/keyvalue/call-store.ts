/**
 * A guest's call of a store: it waits, suspended, for the driver's answer; what the driver refuses becomes an error
 * value of WIT. Every such call ends, see `host/key-value/key-value-client.ts`.
 */
import { HostError } from '../../base/errors.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { WitError } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';

/** The variant `error` of `wasi:keyvalue/store`. */
export type StoreError =
  | { readonly tag: 'no-such-store' | 'access-denied' }
  | { readonly tag: 'other'; readonly val: string };

/** Errors whose message is for the guest; others may tell of the host. */
const SHOWN: ReadonlySet<ErrorCode> = new Set([
  'invalid_key',
  'key_value_refused',
  'store_full',
  'key_value_busy',
  'key_value_unavailable',
]);

/**
 * Lets the guest wait for a call.
 *
 * @param call Begins it. What it resolves with is the guest's.
 * @throws {WitError<StoreError>} If the driver refuses.
 */
export function callStore<T>(guest: Guest, call: () => Promise<T>): Promise<T> {
  return guest.suspend(
    call().catch((error: unknown) => {
      throw error instanceof WitError ? error : new WitError(toStoreError(error));
    }),
  );
}

/** A failure as the guest sees it. */
export function toStoreError(error: unknown): StoreError {
  const isShown = error instanceof HostError && SHOWN.has(error.code);
  return { tag: 'other', val: isShown ? error.message : 'Cannot use the key-value stores' };
}
