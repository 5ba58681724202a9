/**
 * The registry's statements, synchronous, on one SQLite database. Runs in a thread of its own
 * (`sqlite-worker.ts`), because a commit waits for the disk and a locked database for its lock.
 *
 * Every change is one transaction: the rows, the journal of changes and the epoch move together.
 */
import { DatabaseSync } from 'node:sqlite';
import { HostError } from '../base/errors.ts';
import type { Digest, FunctionName, Namespace, VersionNumber } from '../base/ids.ts';
import { canonicalJson } from './canonical-json.ts';
import { createRegistryIfMissing } from './create-registry.ts';
import { migrate } from './migrations.ts';
import type { Change, FunctionRecord, Route, Version } from './model.ts';
import {
  VERSION_COLUMNS,
  changeFrom,
  functionFrom,
  tokenFrom,
  versionFrom,
  type ChangeRow,
  type FunctionRow,
  type TokenRow,
  type VersionRow,
} from './registry-rows.ts';
import type { NewVersion, TokenRecord } from './registry.ts';
import { toRegistryError } from './sqlite-error.ts';
import { Statements } from './statements.ts';
import { formatSettings, parseSettings } from './stored-settings.ts';

/** How long a statement waits for a lock that another program holds. */
const BUSY_TIMEOUT_MS = 2000;

const SELECT_LIVE = `SELECT ${VERSION_COLUMNS}, f.created_ms, f.updated_ms FROM functions f
  JOIN aliases a ON a.function_id = f.id AND a.name = 'live'
  JOIN versions v ON v.function_id = f.id AND v.number = a.number`;

/** The state of a function after a change, and the epoch of that change. */
export interface ChangedFunction {
  readonly epoch: number;
  readonly record: FunctionRecord;
}

/** Runs the registry's statements. All errors are coded. */
export class RegistryDatabase {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;

  /**
   * Opens the database, creating it (mode 0600) or migrating it as needed.
   *
   * @throws {registry_too_new} If a newer release has migrated it.
   * @throws {registry_corrupt} If it is damaged or not ours.
   */
  constructor(path: string) {
    try {
      createRegistryIfMissing(path);
      this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    } catch (error) {
      throw toRegistryError(error, path);
    }
    try {
      // Nothing is written before the file is known to be whole and ours.
      checkIntegrity(this.#database, path);
      this.#database.exec('PRAGMA foreign_keys = ON');
      this.#database.exec('PRAGMA synchronous = FULL');
      migrate(this.#database, path, 'existing');
      this.#database.exec('PRAGMA journal_mode = WAL');
    } catch (error) {
      this.#database.close();
      throw toRegistryError(error, path);
    }
    this.#sql = new Statements(this.#database);
  }

  /** Everything the data plane must know. */
  loadState(): { epoch: number; functions: FunctionRecord[] } {
    const routes = new Map<number, Route[]>();
    const rows = this.#sql.all<Route & { function_id: number }>(
      'SELECT function_id, host, path FROM routes ORDER BY host, path',
    );
    for (const { function_id: id, host, path } of rows) {
      const known = routes.get(id);
      if (known === undefined) routes.set(id, [{ host, path }]);
      else known.push({ host, path });
    }
    const functions = this.#sql
      .all<FunctionRow>(SELECT_LIVE)
      .map((row) => functionFrom(row, routes.get(row.function_id) ?? []));
    return { epoch: this.#loadEpoch(), functions };
  }

  /** Adds a version and makes it live, unless the live one is the same. */
  commitVersion(
    wanted: NewVersion,
    by: string,
    atMs: number,
  ): ChangedFunction & { created: boolean } {
    const { namespace, function: name } = wanted;
    const routes = uniqueRoutes(wanted.routes);
    const settings = formatSettings(wanted.settings);
    return this.#sql.transaction(() => {
      const live = this.#findLive(namespace, name);
      if (wanted.expectedLive !== undefined && wanted.expectedLive !== live?.number) {
        throw new HostError('version_moved', { name, expected: wanted.expectedLive });
      }
      if (live !== undefined && this.#isSame(live, wanted, settings, routes)) {
        return { epoch: this.#loadEpoch(), record: this.#load(live), created: false };
      }
      const id = live?.function_id ?? this.#insertFunction(namespace, name, atMs);
      this.#replaceRoutes(id, name, routes);
      const number = this.#takeNumber(namespace, name);
      this.#sql.run(
        'INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        id,
        number,
        wanted.artifact,
        wanted.artifactBytes,
        wanted.prepared,
        wanted.kind,
        settings,
        atMs,
        by,
      );
      this.#pointLive(id, number, atMs);
      this.#journal({
        atMs,
        by,
        action: 'deploy',
        namespace,
        function: name,
        detail: `version ${number}`,
      });
      return { ...this.#changed(namespace, name), created: true };
    });
  }

  /** All versions of a function, newest first. */
  loadVersions(namespace: Namespace, name: FunctionName): Version[] {
    return this.#sql
      .all<VersionRow>(
        `SELECT ${VERSION_COLUMNS} FROM functions f JOIN versions v ON v.function_id = f.id
         WHERE f.namespace = ? AND f.name = ? ORDER BY v.number DESC`,
        namespace,
        name,
      )
      .map(versionFrom);
  }

  /** Points `live` at another version, or at the one before. Pointing it where it points changes nothing. */
  moveAlias(
    namespace: Namespace,
    name: FunctionName,
    to: VersionNumber | undefined,
    by: string,
    atMs: number,
  ): ChangedFunction {
    return this.#sql.transaction(() => {
      const live = this.#findLive(namespace, name);
      if (live === undefined) throw new HostError('unknown_function', { name });
      const number = to ?? this.#findPrevious(live);
      this.#checkVersion(live, number);
      if (number === live.number) return { epoch: this.#loadEpoch(), record: this.#load(live) };
      this.#pointLive(live.function_id, number, atMs);
      const detail = `version ${live.number} to ${number}`;
      this.#journal({ atMs, by, action: 'rollback', namespace, function: name, detail });
      return this.#changed(namespace, name);
    });
  }

  /** Deletes a function with all that belongs to it; its version numbers stay used. Returns the epoch. */
  deleteFunction(namespace: Namespace, name: FunctionName, by: string, atMs: number): number {
    return this.#sql.transaction(() => {
      const live = this.#findLive(namespace, name);
      if (live === undefined) throw new HostError('unknown_function', { name });
      this.#sql.run('DELETE FROM functions WHERE id = ?', live.function_id);
      const detail = `version ${live.number} was live`;
      this.#journal({ atMs, by, action: 'delete', namespace, function: name, detail });
      return this.#nextEpoch();
    });
  }

  /** Changes, newest first. */
  loadChanges(limit: number): Change[] {
    return this.#sql
      .all<ChangeRow>(
        `SELECT at_ms, by, action, namespace, function, detail FROM changes
         ORDER BY id DESC LIMIT ?`,
        Math.min(Math.max(0, Math.floor(limit)), Number.MAX_SAFE_INTEGER),
      )
      .map(changeFrom);
  }

  /** Digests that some version needs. */
  loadReferences(): { artifacts: Digest[]; prepared: Digest[]; files: Digest[] } {
    const digests = (sql: string): Digest[] =>
      this.#sql.all<{ digest: Digest }>(sql).map((row) => row.digest);
    return this.#sql.transaction(() => ({
      artifacts: digests('SELECT DISTINCT artifact AS digest FROM versions'),
      prepared: digests('SELECT DISTINCT prepared AS digest FROM versions'),
      files: digests(
        `SELECT DISTINCT file.value ->> '$.digest' AS digest
         FROM versions, json_each(versions.settings, '$.files') AS file`,
      ),
    }));
  }

  /** All tokens, oldest first. */
  loadTokens(): TokenRecord[] {
    return this.#sql
      .all<TokenRow>('SELECT * FROM tokens ORDER BY created_ms, id')
      .map((row) => tokenFrom(row));
  }

  /** Remembers a token by its hash. */
  addToken(token: TokenRecord, by: string, namespace: Namespace, atMs: number): void {
    const { id, name, scopes, secretHash, createdMs } = token;
    this.#sql.transaction(() => {
      const taken = this.#sql.get('SELECT 1 FROM tokens WHERE id = ? OR name = ?', id, name);
      if (taken !== undefined) throw new HostError('token_exists', { name });
      const list = JSON.stringify(scopes);
      this.#sql.run(
        'INSERT INTO tokens VALUES (?, ?, ?, ?, ?)',
        id,
        name,
        list,
        secretHash,
        createdMs,
      );
      const detail = `${name} (${id}): ${scopes.join(', ')}`;
      this.#journal({ atMs, by, action: 'token-create', namespace, function: undefined, detail });
    });
  }

  /** Closes the database; the write-ahead log is merged into it. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #findLive(namespace: Namespace, name: FunctionName): FunctionRow | undefined {
    const sql = `${SELECT_LIVE} WHERE f.namespace = ? AND f.name = ?`;
    return this.#sql.get<FunctionRow>(sql, namespace, name);
  }

  #load(row: FunctionRow): FunctionRecord {
    return functionFrom(row, this.#loadRoutes(row.function_id));
  }

  #loadRoutes(id: number): Route[] {
    return this.#sql
      .all<Route>('SELECT host, path FROM routes WHERE function_id = ? ORDER BY host, path', id)
      .map(({ host, path }) => ({ host, path }));
  }

  #isSame(
    live: FunctionRow,
    wanted: NewVersion,
    settings: string,
    routes: readonly Route[],
  ): boolean {
    return (
      live.artifact === wanted.artifact &&
      live.prepared === wanted.prepared &&
      live.kind === wanted.kind &&
      formatSettings(parseSettings(live.settings)) === settings &&
      canonicalJson(this.#loadRoutes(live.function_id)) === canonicalJson(routes)
    );
  }

  #insertFunction(namespace: Namespace, name: FunctionName, atMs: number): number {
    return this.#sql.run(
      'INSERT INTO functions (namespace, name, created_ms, updated_ms) VALUES (?, ?, ?, ?)',
      namespace,
      name,
      atMs,
      atMs,
    );
  }

  #takeNumber(namespace: Namespace, name: FunctionName): number {
    const row = this.#sql.get<{ last: number }>(
      `INSERT INTO numbers VALUES (?, ?, 1)
       ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last`,
      namespace,
      name,
    );
    return row?.last ?? 1;
  }

  #replaceRoutes(id: number, name: FunctionName, routes: readonly Route[]): void {
    this.#sql.run('DELETE FROM routes WHERE function_id = ?', id);
    for (const { host, path } of routes) {
      const owner = this.#sql.get<{ name: string }>(
        `SELECT f.name FROM routes r JOIN functions f ON f.id = r.function_id
         WHERE r.host = ? AND r.path = ?`,
        host,
        path,
      );
      if (owner !== undefined) {
        const route = host === '*' ? path : `${host}${path}`;
        throw new HostError('route_taken', { route, name, owner: owner.name });
      }
      this.#sql.run('INSERT INTO routes VALUES (?, ?, ?)', host, path, id);
    }
  }

  #pointLive(id: number, number: number, atMs: number): void {
    this.#sql.run(
      `INSERT INTO aliases VALUES (?, 'live', ?)
       ON CONFLICT DO UPDATE SET number = excluded.number`,
      id,
      number,
    );
    this.#sql.run(
      `INSERT INTO alias_moves (function_id, name, number) VALUES (?, 'live', ?)`,
      id,
      number,
    );
    this.#sql.run('UPDATE functions SET updated_ms = ? WHERE id = ?', atMs, id);
  }

  #findPrevious(live: FunctionRow): number {
    const row = this.#sql.get<{ number: number }>(
      `SELECT number FROM alias_moves WHERE function_id = ? AND name = 'live' AND number <> ?
       ORDER BY id DESC LIMIT 1`,
      live.function_id,
      live.number,
    );
    if (row !== undefined) return row.number;
    const reason = `no version was live before version ${live.number}`;
    throw new HostError('unknown_version', { version: 'previous', name: live.name, reason });
  }

  #checkVersion(live: FunctionRow, number: number): void {
    const sql = 'SELECT 1 FROM versions WHERE function_id = ? AND number = ?';
    if (this.#sql.get(sql, live.function_id, number) !== undefined) return;
    const reason = 'it has no such version';
    throw new HostError('unknown_version', { version: number, name: live.name, reason });
  }

  #journal(change: Change): void {
    this.#sql.run(
      `INSERT INTO changes (at_ms, by, action, namespace, function, detail)
       VALUES (?, ?, ?, ?, ?, ?)`,
      change.atMs,
      change.by,
      change.action,
      change.namespace,
      change.function ?? null,
      change.detail,
    );
  }

  #changed(namespace: Namespace, name: FunctionName): ChangedFunction {
    const live = this.#findLive(namespace, name);
    if (live === undefined) throw new HostError('unknown_function', { name });
    return { epoch: this.#nextEpoch(), record: this.#load(live) };
  }

  #nextEpoch(): number {
    const sql = 'UPDATE state SET epoch = epoch + 1 RETURNING epoch';
    return this.#sql.get<{ epoch: number }>(sql)?.epoch ?? 0;
  }

  #loadEpoch(): number {
    return this.#sql.get<{ epoch: number }>('SELECT epoch FROM state')?.epoch ?? 0;
  }
}

/** Reads every page once: damage is better found now than by the request that meets it. */
function checkIntegrity(database: DatabaseSync, path: string): void {
  const finding = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (finding !== 'ok') throw new HostError('registry_corrupt', { path, reason: String(finding) });
}

/** In the order in which SQLite gives them back. */
function uniqueRoutes(routes: readonly Route[]): Route[] {
  const byText = new Map(routes.map(({ host, path }) => [`${host}${path}`, { host, path }]));
  return [...byText.values()].sort((a, b) => compare(a.host, b.host) || compare(a.path, b.path));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
