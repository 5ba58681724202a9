/** `wasi:keyvalue/store`: opening stores by the names they were granted under. The resource has a file of its own. */
import { WitError, type HostInterface } from '../../component/host-interface.ts';
import type { KeyValueBucket } from '../../key-value/key-value-store.ts';
import { DEFAULT_STORE, STORE_LABEL } from '../../key-value/store-names.ts';
import type { Guest } from '../ports.ts';
import { DraftBucket, Draft2Bucket } from './bucket.ts';
import type { StoreError } from './call-store.ts';
import { DRAFT, DRAFT_2 } from './versions.ts';

const BLOCKING = [
  '[method]bucket.get',
  '[method]bucket.set',
  '[method]bucket.delete',
  '[method]bucket.exists',
  '[method]bucket.list-keys',
];

/** The interface `wasi:keyvalue/store` of 0.2.0-draft. */
export const wasiKeyvalueStoreDraft: HostInterface = {
  name: 'wasi:keyvalue/store',
  versions: DRAFT,
  functions: {
    open: (guest: Guest, identifier: string) => new DraftBucket(guest, open(guest, identifier)),
  },
  resources: { bucket: DraftBucket },
  blocking: BLOCKING,
};

/** The interface `wasi:keyvalue/store` of 0.2.0-draft2. */
export const wasiKeyvalueStoreDraft2: HostInterface = {
  name: 'wasi:keyvalue/store',
  versions: DRAFT_2,
  functions: {
    open: (guest: Guest, identifier: string) => new Draft2Bucket(guest, open(guest, identifier)),
  },
  resources: { bucket: Draft2Bucket },
  blocking: BLOCKING,
};

function open(guest: Guest, identifier: string): KeyValueBucket {
  // As in Wasmtime's host.
  const label = identifier === '' ? DEFAULT_STORE : identifier;
  if (!STORE_LABEL.test(label)) throw new WitError<StoreError>({ tag: 'no-such-store' });
  const store = guest.stores.open(label);
  if (store === undefined) throw new WitError<StoreError>({ tag: 'access-denied' });
  return store;
}
