/** SQL text → rows, each statement compiled once for each database, and transactions around tasks. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** Runs statements on one database. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #compiled = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The first row, or undefined. `Row` is what the statement selects. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- SQL has no types: the caller names them, as in all().
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#compile(sql).get(...values) as Row | undefined;
  }

  /** All rows. `Row` is what the statement selects. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#compile(sql).all(...values) as Row[];
  }

  /** Runs a statement that changes rows. Returns the row id of the last insertion. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#compile(sql).run(...values).lastInsertRowid);
  }

  /** Runs the task in one transaction that takes the write lock at once; an error undoes all of it. */
  transaction<T>(task: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = task();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk, for one, makes SQLite roll back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #compile(sql: string): StatementSync {
    let statement = this.#compiled.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#compiled.set(sql, statement);
    }
    return statement;
  }
}
