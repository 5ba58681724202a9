/**
 * The port of key-value storage: what functions, the admin API and `faas kv` need of it. Stores are made by their
 * first write. Everything that is written is on the disk when the promise resolves.
 *
 * `sqlite-store.ts` and `sqlite-process.ts` are the driver, in a process of its own; `key-value-client.ts` is the
 * side of those who call it.
 */

/** A value and what is kept with it. */
export interface KeyValueEntry {
  readonly value: Uint8Array;
  readonly metadata: string | undefined;
  /** When the key will be gone, wall-clock ms; undefined: never. */
  readonly expiresAtMs: number | undefined;
  /** Grows with every change of any store; at least 1, never used twice. */
  readonly revision: number;
}

/** What is written to a key. It replaces value, metadata and expiry together. */
export interface KeyValueWrite {
  readonly key: string;
  readonly value: Uint8Array;
  readonly metadata?: string | undefined;
  /** Time after which the key is gone, ms, 1 or more; absent: never. */
  readonly ttlMs?: number | undefined;
}

/** A key as it is listed. */
export interface KeyValueKey {
  readonly key: string;
  /** Bytes of its value. */
  readonly size: number;
  readonly metadata: string | undefined;
  readonly expiresAtMs: number | undefined;
}

/** Which keys are wanted. */
export interface KeyValueQuery {
  /**
   * What the keys begin with; they come in the order of their bytes. Absent: all keys, the oldest first, so that a
   * cursor is a number.
   */
  readonly prefix?: string | undefined;
  /** Where a page before this one ended. */
  readonly cursor?: string | undefined;
  /** Most keys; the host's bound if it is lower or this is absent. */
  readonly limit?: number | undefined;
}

/** A page of keys. */
export interface KeyValuePage {
  readonly keys: readonly KeyValueKey[];
  /** Where the next page begins; undefined: there are no more keys. */
  readonly cursor: string | undefined;
}

/** What a compare-and-swap came to; `entry` is what the key holds instead. */
export type SwapOutcome =
  | { readonly swapped: true; readonly revision: number }
  | { readonly swapped: false; readonly entry: KeyValueEntry | undefined };

/**
 * One store. All of its methods reject with a `HostError`: `invalid_key`, `key_value_refused` and `store_full`
 * because of what is asked; `key_value_busy`, `key_value_unavailable` and `key_value_failed` because of the driver.
 * None hangs.
 */
export interface KeyValueBucket {
  /** The entry of each key, in their order; undefined where there is none. */
  get(keys: readonly string[]): Promise<readonly (KeyValueEntry | undefined)[]>;
  /** Whether a key is there. */
  exists(key: string): Promise<boolean>;
  /** Writes all or none. @returns The revision of the last one. */
  set(writes: readonly KeyValueWrite[]): Promise<number>;
  /** Deletes all or none; keys that are not there do not count. @returns How many were there. */
  delete(keys: readonly string[]): Promise<number>;
  listKeys(query: KeyValueQuery): Promise<KeyValuePage>;
  /**
   * Adds to a number, kept as decimal text; no key is 0. Expiry and metadata stay.
   *
   * @param range What the number must lie in before and after, both ends included.
   * @returns The new number.
   */
  increment(
    key: string,
    delta: bigint,
    range: { readonly min: bigint; readonly max: bigint },
  ): Promise<bigint>;
  /** Writes if the key still has that revision; 0: if it is not there. */
  compareAndSwap(write: KeyValueWrite, revision: number): Promise<SwapOutcome>;
}

/** All stores of a host. */
export interface KeyValueStore {
  /** Opens a store by its whole name; costs nothing, and the store need not be there. */
  open(name: string): KeyValueBucket;
  /** Deletes all stores whose names begin so: those of a function that is deleted. */
  drop(prefix: string): Promise<void>;
}

/** Bounds of the stores; `host/config/schema.ts` says what each is. */
export interface KeyValueLimits {
  readonly storeBytes: number;
  readonly valueBytes: number;
  readonly keyBytes: number;
  readonly metadataBytes: number;
  readonly keysAtOnce: number;
  readonly callBytes: number;
  readonly queue: number;
  readonly queueBytes: number;
  readonly timeoutMs: number;
}
