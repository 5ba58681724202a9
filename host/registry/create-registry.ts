/**
 * A path without a file → a new, empty registry there, as a whole or not at all: it is made beside its place and
 * renamed. So a registry that is empty was damaged, and is never taken for a new one: everything deployed would
 * be unreferenced, and collected.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HostError } from '../base/errors.ts';
import { migrate } from './migrations.ts';

/**
 * Makes the database (mode 0600) if there is none. Blocks.
 *
 * @throws {registry_corrupt} If its write-ahead log is there without it.
 */
export function createRegistryIfMissing(path: string): void {
  if (existsSync(path)) return;
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (log !== undefined && log.size > 0) {
    const reason = 'it is missing, and its "-wal" file, which belongs to it, is there';
    throw new HostError('registry_corrupt', { path, reason });
  }
  const temporary = `${path}.new`;
  for (const leftover of [temporary, `${temporary}-journal`]) rmSync(leftover, { force: true });
  // SQLite gives its journal files the mode of the database.
  closeSync(openSync(temporary, 'wx', 0o600));
  const database = new DatabaseSync(temporary);
  try {
    database.exec('PRAGMA synchronous = FULL');
    migrate(database, path, 'new');
  } finally {
    database.close();
  }
  renameSync(temporary, path);
  // Windows cannot open a directory, and orders its own metadata.
  if (process.platform === 'win32') return;
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
