/** `wasi:keyvalue/batch`: several keys in one call, and on this host all of them or none. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { Bucket } from './bucket.ts';
import { callStore } from './call-store.ts';
import { DRAFT, DRAFT_2 } from './versions.ts';

const BLOCKING = ['get-many', 'set-many', 'delete-many'];

/** The interface `wasi:keyvalue/batch` of 0.2.0-draft. */
export const wasiKeyvalueBatchDraft: HostInterface = {
  name: 'wasi:keyvalue/batch',
  versions: DRAFT,
  functions: {
    'get-many': async (guest: Guest, bucket: Bucket, keys: readonly string[]) =>
      (await getMany(guest, bucket, keys)).map(([key, value]) =>
        value === undefined ? undefined : [key, value],
      ),
    'set-many': setMany,
    'delete-many': deleteMany,
  },
  resources: {},
  blocking: BLOCKING,
};

/** The interface `wasi:keyvalue/batch` of 0.2.0-draft2. */
export const wasiKeyvalueBatchDraft2: HostInterface = {
  name: 'wasi:keyvalue/batch',
  versions: DRAFT_2,
  functions: { 'get-many': getMany, 'set-many': setMany, 'delete-many': deleteMany },
  resources: {},
  blocking: BLOCKING,
};

function getMany(
  guest: Guest,
  bucket: Bucket,
  keys: readonly string[],
): Promise<readonly (readonly [key: string, value: Uint8Array | undefined])[]> {
  return callStore(guest, async () => {
    const entries = await Bucket.storeOf(bucket).get(keys);
    return keys.map((key, index) => [key, entries[index]?.value] as const);
  });
}

function setMany(
  guest: Guest,
  bucket: Bucket,
  pairs: readonly (readonly [key: string, value: Uint8Array])[],
): Promise<void> {
  const writes = pairs.map(([key, value]) => ({ key, value }));
  return callStore(guest, async () => {
    if (writes.length > 0) await Bucket.storeOf(bucket).set(writes);
  });
}

function deleteMany(guest: Guest, bucket: Bucket, keys: readonly string[]): Promise<void> {
  return callStore(guest, async () => void (await Bucket.storeOf(bucket).delete(keys)));
}
