/**
 * The registry on an embedded SQLite database: calls go to a thread of their own, each change comes
 * back with its epoch and the function's new state, and becomes the next snapshot.
 *
 * When the thread is lost, the data plane goes on with the last snapshot; calls under way reject, and
 * the next call starts a new thread and reads everything anew.
 */
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import { DEFAULT_NAMESPACE } from '../base/ids.ts';
import type { Digest, FunctionName, Namespace, VersionNumber } from '../base/ids.ts';
import type { Log } from '../logs/log.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { Change, FunctionRecord, RouteSnapshot, Version } from './model.ts';
import type { ChangedFunction } from './registry-database.ts';
import type { NewVersion, Registry, TokenRecord } from './registry.ts';
import { changeSnapshot, createSnapshot } from './snapshot.ts';
import { SqliteThread } from './sqlite-thread.ts';

/** What the registry is opened with. */
export interface SqliteRegistryOptions {
  readonly clock: Clock;
  /** Told of listeners that fail and of a lost thread. */
  readonly log: Log;
}

/**
 * Opens the registry, creating or migrating its database.
 *
 * @param path The database file; its directory exists.
 * @throws {registry_too_new} If a newer release has written it.
 * @throws {registry_corrupt} If it is damaged or not a registry.
 */
export async function openSqliteRegistry(
  path: string,
  options: SqliteRegistryOptions,
): Promise<Registry> {
  const { thread, snapshot } = await openThread(path);
  return new SqliteRegistry(path, options, thread, snapshot);
}

class SqliteRegistry implements Registry, AsyncDisposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Set<(snapshot: RouteSnapshot) => void>();
  #thread: SqliteThread;
  #snapshot: RouteSnapshot;
  #reopening: Promise<SqliteThread> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    path: string,
    { clock, log }: SqliteRegistryOptions,
    thread: SqliteThread,
    snapshot: RouteSnapshot,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#thread = thread;
    this.#snapshot = snapshot;
  }

  get snapshot(): RouteSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: RouteSnapshot) => void): () => void {
    // A wrapper, so that one function subscribed twice is called twice and stopped once.
    const entry = (snapshot: RouteSnapshot): void => listener(snapshot);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  async commitVersion(
    version: NewVersion,
    by: string,
  ): Promise<{ version: Version; created: boolean }> {
    const thread = await this.#getThread();
    const result = await thread.call('commitVersion', version, by, this.#nowMs());
    return { version: this.#applyChange(result).live, created: result.created };
  }

  async loadVersions(namespace: Namespace, name: FunctionName): Promise<readonly Version[]> {
    const thread = await this.#getThread();
    return deepFreeze(await thread.call('loadVersions', namespace, name));
  }

  async moveAlias(
    namespace: Namespace,
    name: FunctionName,
    to: VersionNumber | undefined,
    by: string,
  ): Promise<FunctionRecord> {
    const thread = await this.#getThread();
    return this.#applyChange(
      await thread.call('moveAlias', namespace, name, to, by, this.#nowMs()),
    );
  }

  async deleteFunction(namespace: Namespace, name: FunctionName, by: string): Promise<void> {
    const thread = await this.#getThread();
    const epoch = await thread.call('deleteFunction', namespace, name, by, this.#nowMs());
    if (epoch <= this.#snapshot.epoch) return;
    // The functions of other namespaces are not in the snapshot.
    if (namespace === DEFAULT_NAMESPACE) {
      this.#publish(changeSnapshot(this.#snapshot, epoch, { deleted: name }));
    }
  }

  async loadChanges(limit: number): Promise<readonly Change[]> {
    const thread = await this.#getThread();
    return deepFreeze(await thread.call('loadChanges', limit));
  }

  async loadReferences(): Promise<{
    artifacts: ReadonlySet<Digest>;
    prepared: ReadonlySet<Digest>;
    files: ReadonlySet<Digest>;
  }> {
    const thread = await this.#getThread();
    const { artifacts, prepared, files } = await thread.call('loadReferences');
    return {
      artifacts: new Set(artifacts),
      prepared: new Set(prepared),
      files: new Set(files),
    };
  }

  async loadTokens(): Promise<readonly TokenRecord[]> {
    const thread = await this.#getThread();
    return deepFreeze(await thread.call('loadTokens'));
  }

  async addToken(token: TokenRecord, by: string): Promise<void> {
    const thread = await this.#getThread();
    await thread.call('addToken', token, by, DEFAULT_NAMESPACE, this.#nowMs());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // A thread that is being opened belongs to us once it is; that opening failed is its caller's affair.
    await this.#reopening?.catch(() => undefined);
    await this.#thread.close();
    this.#listeners.clear();
  }

  async #getThread(): Promise<SqliteThread> {
    if (this.#closing !== undefined) throw new HostError('host_closing');
    if (this.#thread.alive) return this.#thread;
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopen(): Promise<SqliteThread> {
    this.#log.error({ path: this.#path }, 'the registry thread was lost; starting a new one');
    const { thread, snapshot } = await openThread(this.#path);
    this.#thread = thread;
    // The lost thread may have made a change durable without telling us.
    if (snapshot.epoch > this.#snapshot.epoch) this.#publish(snapshot);
    return thread;
  }

  /** Brings a changed function into the snapshot. Replies come in order, so epochs only grow. */
  #applyChange({ epoch, record }: ChangedFunction): FunctionRecord {
    deepFreeze(record);
    if (epoch > this.#snapshot.epoch && record.namespace === DEFAULT_NAMESPACE) {
      this.#publish(changeSnapshot(this.#snapshot, epoch, { record }));
    }
    return record;
  }

  #publish(snapshot: RouteSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) {
      try {
        listener(snapshot);
      } catch (error) {
        // The change is durable: neither its caller nor the other listeners may suffer.
        this.#log.error({ err: error }, 'a listener of the registry failed');
      }
    }
  }

  #nowMs(): number {
    return Math.round(this.#clock.wallMs());
  }
}

async function openThread(
  path: string,
): Promise<{ thread: SqliteThread; snapshot: RouteSnapshot }> {
  const thread = new SqliteThread(path);
  try {
    const { epoch, functions } = await thread.call('loadState');
    return { thread, snapshot: createSnapshot(epoch, functions) };
  } catch (error) {
    await thread.close();
    throw error;
  }
}
