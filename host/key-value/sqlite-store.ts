/**
 * Key-value stores in one SQLite file, for the one process that has it open. Blocks: only `sqlite-process.ts` and
 * tests call it. Reads answer at once; changes are given together and committed together.
 *
 * Keys are stored as their UTF-8 bytes, whose order is that of the keys. A key that has expired is never seen again,
 * whether it was collected yet or not.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import { checkKey, checkTotal, refuse } from './check-request.ts';
import type {
  KeyValueEntry,
  KeyValueKey,
  KeyValueLimits,
  KeyValuePage,
  KeyValueQuery,
  KeyValueWrite,
  SwapOutcome,
} from './key-value-store.ts';
import { SqliteTable, type Row } from './sqlite-table.ts';

/** One change, checked already. */
export type Change =
  | { readonly kind: 'set'; readonly store: string; readonly writes: readonly KeyValueWrite[] }
  | { readonly kind: 'delete'; readonly store: string; readonly keys: readonly string[] }
  | {
      readonly kind: 'increment';
      readonly store: string;
      readonly key: string;
      readonly delta: bigint;
      readonly min: bigint;
      readonly max: bigint;
    }
  | {
      readonly kind: 'swap';
      readonly store: string;
      readonly write: KeyValueWrite;
      readonly revision: number;
    }
  | { readonly kind: 'drop'; readonly prefix: string };

/** What a change came to: revision, number of keys, new number or outcome of the swap. */
export type ChangeResult =
  | { readonly value: number | bigint | SwapOutcome }
  | { readonly error: HostError };

/** Counted for each key besides its bytes: rows and indexes. */
const KEY_OVERHEAD_BYTES = 64;
/** Expired keys that are deleted in one go. */
const COLLECTED_AT_ONCE = 500;
/** Digits of a number and its sign; what is longer is none. */
const NUMBER = /^-?\d{1,20}$/;

/** The stores. */
export class SqliteStore implements Closeable {
  readonly #database: DatabaseSync;
  readonly #table: SqliteTable;
  readonly #limits: KeyValueLimits;
  readonly #clock: Clock;
  #isClosed = false;

  /**
   * Opens the file, which is made (mode 0600 by the directory's owner) if it is missing.
   *
   * @throws {key_value_failed} If it is damaged, or no database of ours.
   */
  constructor(path: string, limits: KeyValueLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    try {
      this.#database = new DatabaseSync(path);
      this.#table = new SqliteTable(this.#database);
    } catch (error) {
      throw toFailure(error);
    }
  }

  /** Reads entries. @throws {key_value_refused} If their values are too large together. */
  get(store: string, keys: readonly string[]): readonly (KeyValueEntry | undefined)[] {
    const id = this.#table.findStore(store)?.id;
    if (id === undefined) return keys.map(() => undefined);
    const nowMs = this.#clock.wallMs();
    let total = 0;
    return keys.map((key) => {
      const row = this.#live(id, checkKey(key, this.#limits), nowMs);
      if (row === undefined) return undefined;
      total += row.value.byteLength;
      checkTotal('read', total, this.#limits);
      return entryOf(row);
    });
  }

  /** Whether a key is there. */
  exists(store: string, key: string): boolean {
    const id = this.#table.findStore(store)?.id;
    if (id === undefined) return false;
    return this.#live(id, checkKey(key, this.#limits), this.#clock.wallMs()) !== undefined;
  }

  /** Lists keys. @throws {key_value_refused} If the cursor is not one of such a list. */
  listKeys(store: string, { prefix, cursor, limit = Infinity }: KeyValueQuery): KeyValuePage {
    const most = Math.max(1, Math.min(limit, this.#limits.keysAtOnce));
    const after = prefix === undefined ? readCursor(cursor) : 0;
    const id = this.#table.findStore(store)?.id;
    if (id === undefined) return { keys: [], cursor: undefined };
    const nowMs = this.#clock.wallMs();
    const rows =
      prefix === undefined
        ? this.#table.listByAge(id, after, nowMs, most + 1)
        : this.#table.listByKey(id, Buffer.from(prefix), cursor, nowMs, most + 1);
    const page = rows.slice(0, most);
    const last = rows.length > most ? page.at(-1) : undefined;
    const keys = page.map((row): KeyValueKey => ({
      key: textOf(row.key),
      size: row.size,
      metadata: row.metadata === null ? undefined : textOf(row.metadata),
      expiresAtMs: row.expires_ms ?? undefined,
    }));
    if (last === undefined) return { keys, cursor: undefined };
    return { keys, cursor: prefix === undefined ? String(last.id) : textOf(last.key) };
  }

  /**
   * Makes changes in one transaction, in order. A change that is refused leaves the others alone.
   *
   * @throws {key_value_failed} If the transaction failed: none of them was made.
   */
  commit(changes: readonly Change[]): readonly ChangeResult[] {
    return this.#transaction(() =>
      changes.map((change): ChangeResult => {
        try {
          return { value: this.#apply(change) };
        } catch (error) {
          // Refused before anything of it was written.
          if (error instanceof HostError) return { error };
          throw error;
        }
      }),
    );
  }

  /**
   * Deletes some of what has expired or was dropped.
   *
   * @returns Whether there may be more.
   */
  collect(): boolean {
    return this.#transaction(() => {
      const expired = this.#table.listExpired(this.#clock.wallMs(), COLLECTED_AT_ONCE);
      for (const row of expired) {
        this.#table.remove(row.id);
        this.#table.grow(row.store, -sizeOf(row));
      }
      const dropped = this.#table.removeDropped(COLLECTED_AT_ONCE);
      return expired.length === COLLECTED_AT_ONCE || dropped;
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#database.close();
  }

  #transaction<T>(task: () => T): T {
    try {
      return this.#table.transaction(task);
    } catch (error) {
      throw toFailure(error);
    }
  }

  #apply(change: Change): number | bigint | SwapOutcome {
    switch (change.kind) {
      case 'set':
        return this.#set(change.store, change.writes);
      case 'delete':
        return this.#delete(change.store, change.keys);
      case 'increment':
        return this.#increment(change);
      case 'swap':
        return this.#swap(change);
      case 'drop':
        this.#table.drop(change.prefix);
        return 0;
      default:
        return change satisfies never;
    }
  }

  #set(store: string, writes: readonly KeyValueWrite[]): number {
    // Of a key that is there twice the last one counts.
    const wanted = new Map(writes.map((write) => [write.key, write]));
    const found = this.#table.findStore(store);
    let growth = 0;
    for (const [key, write] of wanted) {
      const row = found === undefined ? undefined : this.#table.find(found.id, Buffer.from(key));
      growth += sizeOfWrite(write) - (row === undefined ? 0 : sizeOf(row));
    }
    this.#checkRoom((found?.bytes ?? 0) + growth, growth);
    const { id } = this.#table.makeStore(store);
    for (const write of wanted.values()) this.#put(id, write);
    this.#table.grow(id, growth);
    return this.#table.revision;
  }

  #delete(store: string, keys: readonly string[]): number {
    const id = this.#table.findStore(store)?.id;
    if (id === undefined) return 0;
    const nowMs = this.#clock.wallMs();
    let count = 0;
    for (const key of keys) {
      const row = this.#table.find(id, Buffer.from(key));
      if (row === undefined) continue;
      this.#table.remove(row.id);
      this.#table.grow(id, -sizeOf(row));
      if (!isExpired(row, nowMs)) count += 1;
    }
    return count;
  }

  #increment({ store, key, delta, min, max }: Change & { kind: 'increment' }): bigint {
    const found = this.#table.findStore(store);
    const row =
      found === undefined
        ? undefined
        : this.#live(found.id, Buffer.from(key), this.#clock.wallMs());
    const before = row === undefined ? 0n : numberOf(row.value);
    const action = 'add to the value';
    if (before === undefined) throw refuse(action, 'it is not a number in decimal digits');
    const after = before + delta;
    for (const number of [before, after]) {
      if (number >= min && number <= max) continue;
      throw refuse(action, `${number} is not between ${min} and ${max}`);
    }
    const value = Buffer.from(String(after));
    if (row === undefined) {
      this.#set(store, [{ key, value }]);
    } else {
      this.#table.replaceValue(row.id, value);
      this.#table.grow(row.store, value.byteLength - row.value.byteLength);
    }
    return after;
  }

  #swap({ store, write, revision }: Change & { kind: 'swap' }): SwapOutcome {
    const id = this.#table.findStore(store)?.id;
    const row =
      id === undefined ? undefined : this.#live(id, Buffer.from(write.key), this.#clock.wallMs());
    if ((row?.revision ?? 0) !== revision) {
      return { swapped: false, entry: row === undefined ? undefined : entryOf(row) };
    }
    return { swapped: true, revision: this.#set(store, [write]) };
  }

  #put(store: number, { key, value, metadata, ttlMs }: KeyValueWrite): void {
    const expiresMs =
      ttlMs === undefined
        ? null
        : Math.min(Math.ceil(this.#clock.wallMs() + ttlMs), Number.MAX_SAFE_INTEGER);
    this.#table.put(store, Buffer.from(key), {
      value,
      metadata: metadata === undefined ? null : Buffer.from(metadata),
      expiresMs,
    });
  }

  /** Only what grows is refused: a store whose bound was lowered can be written to smaller. */
  #checkRoom(bytes: number, growth: number): void {
    const { storeBytes } = this.#limits;
    if (growth > 0 && bytes > storeBytes)
      throw new HostError('store_full', { bytes, limit: storeBytes });
  }

  #live(store: number, key: Buffer, nowMs: number): Row | undefined {
    const row = this.#table.find(store, key);
    return row === undefined || isExpired(row, nowMs) ? undefined : row;
  }
}

function isExpired(row: Pick<Row, 'expires_ms'>, nowMs: number): boolean {
  return row.expires_ms !== null && row.expires_ms <= nowMs;
}

function entryOf(row: Row): KeyValueEntry {
  return {
    value: row.value,
    metadata: row.metadata === null ? undefined : textOf(row.metadata),
    expiresAtMs: row.expires_ms ?? undefined,
    revision: row.revision,
  };
}

/** What a row takes of its store. */
function sizeOf({ key, value, metadata }: Pick<Row, 'key' | 'value' | 'metadata'>): number {
  return KEY_OVERHEAD_BYTES + key.byteLength + value.byteLength + (metadata?.byteLength ?? 0);
}

function sizeOfWrite({ key, value, metadata = '' }: KeyValueWrite): number {
  const texts = Buffer.byteLength(key) + Buffer.byteLength(metadata);
  return KEY_OVERHEAD_BYTES + texts + value.byteLength;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function numberOf(value: Uint8Array): bigint | undefined {
  const text = value.byteLength > 21 ? '' : textOf(value);
  return NUMBER.test(text) ? BigInt(text) : undefined;
}

function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,20}$/.test(cursor)) return Math.min(Number(cursor), Number.MAX_SAFE_INTEGER);
  throw refuse('list keys', 'the cursor is not one of such a list');
}

function toFailure(error: unknown): HostError {
  if (error instanceof HostError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new HostError('key_value_failed', { reason }, { cause: error });
}
