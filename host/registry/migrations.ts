/**
 * An empty or older registry database → the present schema. Step n leads from version n−1 to n; each
 * runs in one transaction together with the change of `user_version`, so a crash leaves a whole version.
 * A released step is never edited: changes are new steps.
 */
import type { DatabaseSync } from 'node:sqlite';
import { HostError } from '../base/errors.ts';

/** "faas" in ASCII: tells our files from those of other programs. */
const APPLICATION_ID = 0x66616173;

/** Step n stands at index n−1. */
const STEPS: readonly string[] = [
  `
  -- One row: the number of the last change that the data plane must know.
  CREATE TABLE state (epoch INTEGER NOT NULL) STRICT;
  INSERT INTO state (epoch) VALUES (0);

  CREATE TABLE functions (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (namespace, name)
  ) STRICT;

  -- Outlives its function: the number of a deleted version must not mean other code in logs and caches.
  CREATE TABLE numbers (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE versions (
    function_id INTEGER NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    artifact TEXT NOT NULL,
    artifact_bytes INTEGER NOT NULL,
    prepared TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (function_id, number)
  ) STRICT;

  CREATE TABLE aliases (
    function_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (function_id, name),
    FOREIGN KEY (function_id, number) REFERENCES versions (function_id, number) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;

  -- Where each alias pointed, oldest first: rollback goes by it.
  CREATE TABLE alias_moves (
    id INTEGER PRIMARY KEY,
    function_id INTEGER NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    number INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX alias_moves_by_function ON alias_moves (function_id, name, id);

  CREATE TABLE routes (
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    function_id INTEGER NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
    PRIMARY KEY (host, path)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX routes_by_function ON routes (function_id);

  CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    namespace TEXT NOT NULL,
    function TEXT,
    detail TEXT NOT NULL
  ) STRICT;

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;
  `,
];

/**
 * Brings the database to the present version.
 *
 * @param path What to call it in errors.
 * @param age `new`: the file was made just now, and is empty.
 * @throws {registry_too_new} If a newer release has migrated it.
 * @throws {registry_corrupt} If it is the database of another program, or empty and not new.
 */
export function migrate(database: DatabaseSync, path: string, age: 'new' | 'existing'): void {
  const version = readPragma(database, 'user_version');
  if (age === 'existing' && readPragma(database, 'application_id') !== APPLICATION_ID) {
    const reason = isEmpty(database) ? 'it is empty' : 'another program made this database';
    throw new HostError('registry_corrupt', { path, reason });
  }
  if (version > STEPS.length) {
    throw new HostError('registry_too_new', { path, version, known: STEPS.length });
  }
  for (const [index, step] of STEPS.entries()) {
    if (index >= version) runStep(database, step, index + 1);
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'] === 0;
}

function runStep(database: DatabaseSync, step: string, version: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${version}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
