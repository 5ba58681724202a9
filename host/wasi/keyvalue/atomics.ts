/** `wasi:keyvalue/atomics`: adding to numbers, and from 0.2.0-draft2 on compare-and-swap. */
import { WitError, type HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { Bucket } from './bucket.ts';
import { callStore, type StoreError } from './call-store.ts';
import { Cas } from './cas.ts';
import { DRAFT, DRAFT_2 } from './versions.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };
const S64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** The variant `cas-error`. */
type CasError =
  | { readonly tag: 'store-error'; readonly val: StoreError }
  | { readonly tag: 'cas-failed'; readonly val: Cas };

/** The interface `wasi:keyvalue/atomics` of 0.2.0-draft. */
export const wasiKeyvalueAtomicsDraft: HostInterface = {
  name: 'wasi:keyvalue/atomics',
  versions: DRAFT,
  functions: { increment: incrementWithin(U64) },
  resources: {},
  blocking: ['increment'],
};

/** The interface `wasi:keyvalue/atomics` of 0.2.0-draft2. */
export const wasiKeyvalueAtomicsDraft2: HostInterface = {
  name: 'wasi:keyvalue/atomics',
  versions: DRAFT_2,
  functions: { increment: incrementWithin(S64), swap },
  resources: { cas: Cas },
  constructible: ['cas'],
  blocking: ['increment', 'swap', '[static]cas.new', '[method]cas.current'],
};

function incrementWithin(range: { readonly min: bigint; readonly max: bigint }) {
  return (guest: Guest, bucket: Bucket, key: string, delta: bigint): Promise<bigint> =>
    callStore(guest, () => Bucket.storeOf(bucket).increment(key, delta, range));
}

async function swap(_guest: Guest, cas: Cas, value: Uint8Array): Promise<void> {
  const newer = await Cas.swap(cas, value).catch((error: unknown) => {
    if (!(error instanceof WitError)) throw error;
    throw new WitError<CasError>({ tag: 'store-error', val: error.payload as StoreError });
  });
  if (newer !== undefined) throw new WitError<CasError>({ tag: 'cas-failed', val: newer });
}
