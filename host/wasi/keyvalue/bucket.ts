/**
 * The resource `bucket` of `wasi:keyvalue/store`, in both drafts: they differ in the type of cursors only. What other
 * interfaces do with a bucket works on either.
 */
import type { KeyValueBucket } from '../../key-value/key-value-store.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { Guest } from '../ports.ts';
import { callStore } from './call-store.ts';

/** The record `key-response`. */
interface KeyResponse<Cursor> {
  readonly keys: readonly string[];
  readonly cursor: Cursor | undefined;
}

/** An open store. */
export abstract class Bucket {
  readonly #guest: Guest;
  readonly #store: KeyValueBucket;
  readonly #refund: () => void;
  #dropped = false;

  /** @param guest Who has opened it. */
  constructor(guest: Guest, store: KeyValueBucket) {
    this.#guest = guest;
    this.#store = store;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  /** The store of a bucket; no method, which guests could name. */
  static storeOf(bucket: Bucket): KeyValueBucket {
    return bucket.#store;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#call(async (store) => (await store.get([key]))[0]?.value);
  }

  set(key: string, value: Uint8Array): Promise<void> {
    return this.#call(async (store) => void (await store.set([{ key, value }])));
  }

  delete(key: string): Promise<void> {
    return this.#call(async (store) => void (await store.delete([key])));
  }

  exists(key: string): Promise<boolean> {
    return this.#call((store) => store.exists(key));
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#refund();
  }

  protected static list(bucket: Bucket, cursor: string | undefined): Promise<KeyResponse<string>> {
    return bucket.#call(async (store) => {
      const page = await store.listKeys({ cursor });
      return { keys: page.keys.map(({ key }) => key), cursor: page.cursor };
    });
  }

  #call<T>(call: (store: KeyValueBucket) => Promise<T>): Promise<T> {
    return callStore(this.#guest, () => call(this.#store));
  }
}

/** The bucket of 0.2.0-draft: cursors are numbers. */
export class DraftBucket extends Bucket {
  async listKeys(cursor: bigint | undefined): Promise<KeyResponse<bigint>> {
    const page = await Bucket.list(this, cursor?.toString());
    return { keys: page.keys, cursor: page.cursor === undefined ? undefined : BigInt(page.cursor) };
  }
}

/** The bucket of 0.2.0-draft2: cursors are text. */
export class Draft2Bucket extends Bucket {
  listKeys(cursor: string | undefined): Promise<KeyResponse<string>> {
    return Bucket.list(this, cursor);
  }
}
