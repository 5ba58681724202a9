/**
 * The tables of key-value stores and their statements. Part of `sqlite-store.ts`, which decides what is written;
 * here is how.
 *
 * Revisions and row ids come from one counter, so that neither is ever used twice and rows lie in the order in which
 * their keys were made. Sizes of stores are added up, because SQLite would count rows.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { HostError } from '../base/errors.ts';

/** A key with its value. */
export interface Row {
  readonly id: number;
  readonly store: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly metadata: Uint8Array | null;
  readonly expires_ms: number | null;
  readonly revision: number;
}

/** A key as it is listed. */
export interface KeyRow {
  readonly id: number;
  readonly key: Uint8Array;
  readonly size: number;
  readonly metadata: Uint8Array | null;
  readonly expires_ms: number | null;
}

/** A store; without a name it was dropped. */
interface StoreRow {
  readonly id: number;
  bytes: number;
}

/** Marks the file as ours. */
const APPLICATION_ID = 0x66_61_6b_76;
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE store (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes INTEGER NOT NULL) STRICT;
  CREATE TABLE entry (
    id INTEGER PRIMARY KEY, store INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    metadata BLOB, expires_ms INTEGER, revision INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX entry_key ON entry (store, key);
  CREATE INDEX entry_age ON entry (store, id);
  CREATE INDEX entry_expiry ON entry (expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE TABLE counter (value INTEGER NOT NULL) STRICT;
  INSERT INTO counter VALUES (0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

const ROW = 'id, store, key, value, metadata, expires_ms, revision';
const KEY_ROW = 'id, key, length(value) AS size, metadata, expires_ms';
const NOT_EXPIRED = '(expires_ms IS NULL OR expires_ms > ?)';

/** Statements on one database. */
export class SqliteTable {
  readonly #database: DatabaseSync;
  readonly #compiled = new Map<string, StatementSync>();
  /** Stores by name that are there; those looked up and missing are not remembered. */
  readonly #stores = new Map<string, StoreRow>();
  readonly #grown = new Set<StoreRow>();
  #storesById = new Map<number, StoreRow>();
  #revision: number;

  /** @throws {key_value_failed} If the file is not one of ours. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    // Sizes and the counter are remembered: a process of an earlier host that still ends must not write beside this one.
    database.exec(
      `PRAGMA busy_timeout = 300; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
       PRAGMA synchronous = FULL`,
    );
    const { user_version: version = 0 } =
      this.#get<{ user_version: number }>('PRAGMA user_version') ?? {};
    const tables = this.#all<object>('SELECT 1 FROM sqlite_schema LIMIT 1').length;
    if (version === 0 && tables === 0) this.transaction(() => database.exec(SCHEMA));
    else if (version !== VERSION) {
      throw new HostError('key_value_failed', { reason: `it has the unknown version ${version}` });
    }
    this.#revision = this.#readRevision();
  }

  /** The last revision that was given. */
  get revision(): number {
    return this.#revision;
  }

  /** Runs a task in one transaction; an error undoes all of it. */
  transaction<T>(task: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = task();
      this.#flush();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      // What is remembered may be of the transaction.
      this.#grown.clear();
      this.#stores.clear();
      this.#storesById = new Map();
      this.#revision = this.#readRevision();
      throw error;
    }
  }

  /** A store by its name; undefined if nothing was ever written to it. */
  findStore(name: string): StoreRow | undefined {
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    const row = this.#get<StoreRow>('SELECT id, bytes FROM store WHERE name = ?', name);
    return row === undefined ? undefined : this.#remember(name, row);
  }

  /** A store by its name, made if it is missing. */
  makeStore(name: string): StoreRow {
    const found = this.findStore(name);
    if (found !== undefined) return found;
    const id = this.#next();
    this.#run('INSERT INTO store (id, name, bytes) VALUES (?, ?, 0)', id, name);
    return this.#remember(name, { id, bytes: 0 });
  }

  /** Takes their names from all stores whose names begin so; `removeDropped` does the rest. */
  drop(prefix: string): void {
    for (const name of this.#stores.keys()) {
      if (name.startsWith(prefix)) this.#stores.delete(name);
    }
    this.#run('UPDATE store SET name = NULL WHERE instr(name, ?) = 1', prefix);
  }

  /** Deletes rows of stores without name, and then the stores. @returns Whether there is more. */
  removeDropped(most: number): boolean {
    const store = this.#get<StoreRow>('SELECT id, bytes FROM store WHERE name IS NULL LIMIT 1');
    if (store === undefined) return false;
    const rows = this.#all<{ id: number }>(
      'SELECT id FROM entry WHERE store = ? LIMIT ?',
      store.id,
      most,
    );
    for (const { id } of rows) this.remove(id);
    if (rows.length < most) {
      this.#storesById.delete(store.id);
      this.#run('DELETE FROM store WHERE id = ?', store.id);
    }
    return true;
  }

  /** Adds to the size of a store. */
  grow(id: number, bytes: number): void {
    const store =
      this.#storesById.get(id) ??
      this.#get<StoreRow>('SELECT id, bytes FROM store WHERE id = ?', id);
    if (store === undefined) return;
    store.bytes += bytes;
    this.#grown.add(store);
    this.#storesById.set(id, store);
  }

  find(store: number, key: Uint8Array): Row | undefined {
    return this.#get<Row>(`SELECT ${ROW} FROM entry WHERE store = ? AND key = ?`, store, key);
  }

  /** Writes a key; one that is there keeps its place in the list. */
  put(
    store: number,
    key: Uint8Array,
    to: {
      readonly value: Uint8Array;
      readonly metadata: Uint8Array | null;
      readonly expiresMs: number | null;
    },
  ): void {
    const revision = this.#next();
    this.#run(
      `INSERT INTO entry (${ROW}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (store, key) DO UPDATE SET
       value = excluded.value, metadata = excluded.metadata, expires_ms = excluded.expires_ms,
       revision = excluded.revision`,
      revision,
      store,
      key,
      to.value,
      to.metadata,
      to.expiresMs,
      revision,
    );
  }

  replaceValue(id: number, value: Uint8Array): void {
    this.#run('UPDATE entry SET value = ?, revision = ? WHERE id = ?', value, this.#next(), id);
  }

  remove(id: number): void {
    this.#run('DELETE FROM entry WHERE id = ?', id);
  }

  /** Keys made after the one with that row id, in that order. */
  listByAge(store: number, after: number, nowMs: number, most: number): readonly KeyRow[] {
    return this.#all<KeyRow>(
      `SELECT ${KEY_ROW} FROM entry WHERE store = ? AND id > ? AND ${NOT_EXPIRED} ORDER BY id LIMIT ?`,
      store,
      after,
      nowMs,
      most,
    );
  }

  /** Keys that begin so and come after the given one, in the order of their bytes. */
  listByKey(
    store: number,
    prefix: Uint8Array,
    after: string | undefined,
    nowMs: number,
    most: number,
  ): readonly KeyRow[] {
    const from = after === undefined ? prefix : Buffer.from(after);
    const isBefore = Buffer.compare(from, prefix) < 0;
    return this.#all<KeyRow>(
      `SELECT ${KEY_ROW} FROM entry WHERE store = ? AND key ${after === undefined || isBefore ? '>=' : '>'} ?
       AND key < ? AND ${NOT_EXPIRED} ORDER BY key LIMIT ?`,
      store,
      isBefore ? prefix : from,
      endOf(prefix),
      nowMs,
      most,
    );
  }

  listExpired(nowMs: number, most: number): readonly Row[] {
    return this.#all<Row>(
      `SELECT ${ROW} FROM entry WHERE expires_ms IS NOT NULL AND expires_ms <= ? LIMIT ?`,
      nowMs,
      most,
    );
  }

  /** Writes sizes and the counter, once for a transaction. */
  #flush(): void {
    for (const { id, bytes } of this.#grown) {
      this.#run('UPDATE store SET bytes = ? WHERE id = ?', bytes, id);
    }
    this.#grown.clear();
    this.#run('UPDATE counter SET value = ? WHERE value <> ?', this.#revision, this.#revision);
  }

  #next(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #readRevision(): number {
    return this.#get<{ value: number }>('SELECT value FROM counter')?.value ?? 0;
  }

  #remember(name: string, row: StoreRow): StoreRow {
    // One object for each store: its size may have grown in this transaction and not be written yet.
    const store = this.#storesById.get(row.id) ?? { id: row.id, bytes: row.bytes };
    this.#stores.set(name, store);
    this.#storesById.set(store.id, store);
    return store;
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- SQL has no types: the caller names them
  #get<Result>(sql: string, ...values: SQLInputValue[]): Result | undefined {
    return this.#compile(sql).get(...values) as Result | undefined;
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
  #all<Result>(sql: string, ...values: SQLInputValue[]): Result[] {
    return this.#compile(sql).all(...values) as Result[];
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#compile(sql).run(...values);
  }

  #compile(sql: string): StatementSync {
    const found = this.#compiled.get(sql);
    if (found !== undefined) return found;
    const statement = this.#database.prepare(sql);
    this.#compiled.set(sql, statement);
    return statement;
  }
}

/** The first bytes that come after everything that begins so; a text of any length comes before 0xff. */
function endOf(prefix: Uint8Array): Uint8Array {
  // UTF-8 has no byte 0xff.
  return Buffer.concat([prefix, Buffer.from([0xff])]);
}
