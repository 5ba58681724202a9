/**
 * The resource `cas` of `wasi:keyvalue/atomics`: the revision that a key had when the handle was made. The value is
 * not kept, so that a handle is small; a swap of a key that changed in between fails, whatever was read.
 */
import type { KeyValueBucket } from '../../key-value/key-value-store.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { Guest } from '../ports.ts';
import { Bucket } from './bucket.ts';
import { callStore } from './call-store.ts';

/** A swap to come. */
export class Cas {
  readonly #guest: Guest;
  readonly #store: KeyValueBucket;
  readonly #key: string;
  readonly #revision: number;
  readonly #refund: () => void;
  #dropped = false;

  /** @param revision What the key has to have; 0: it must not be there. */
  constructor(guest: Guest, store: KeyValueBucket, key: string, revision: number) {
    this.#guest = guest;
    this.#store = store;
    this.#key = key;
    this.#revision = revision;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  static new(guest: Guest, bucket: Bucket, key: string): Promise<Cas> {
    const store = Bucket.storeOf(bucket);
    return callStore(guest, async () => {
      const [entry] = await store.get([key]);
      return new Cas(guest, store, key, entry?.revision ?? 0);
    });
  }

  /**
   * Writes the value if the key was not changed. The handle is used up.
   *
   * @returns Undefined if it was written, else a handle for what the key holds now.
   */
  static swap(cas: Cas, value: Uint8Array): Promise<Cas | undefined> {
    cas[Symbol.dispose]();
    return callStore(cas.#guest, async () => {
      const write = { key: cas.#key, value };
      const outcome = await cas.#store.compareAndSwap(write, cas.#revision);
      if (outcome.swapped) return undefined;
      return new Cas(cas.#guest, cas.#store, cas.#key, outcome.entry?.revision ?? 0);
    });
  }

  current(): Promise<Uint8Array | undefined> {
    return callStore(this.#guest, async () => (await this.#store.get([this.#key]))[0]?.value);
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#refund();
  }
}
