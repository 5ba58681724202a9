/**
 * The key-value stores of a host: the driver's process, started when it is first needed, and a client of it. The one
 * object that a host of one process, or a supervisor, opens; workers have a client alone.
 */
import { existsSync } from 'node:fs';
import type { Closeable } from '../base/closeable.ts';
import { KeyValueClient } from './key-value-client.ts';
import {
  keyValueDatabasePath,
  KeyValueProcess,
  type KeyValueProcessOptions,
} from './key-value-process.ts';
import type { KeyValueBucket, KeyValueStore } from './key-value-store.ts';
import { keyValueSocketPath } from './socket-path.ts';

/** Stores with their driver. */
export class KeyValueHost implements KeyValueStore, Closeable {
  readonly #dataDir: string;
  readonly #process: KeyValueProcess;
  readonly #client: KeyValueClient;

  constructor(options: KeyValueProcessOptions) {
    const { dataDir, limits } = options;
    this.#dataDir = dataDir;
    this.#process = new KeyValueProcess(options);
    const path = keyValueSocketPath(dataDir);
    this.#client = new KeyValueClient({ path, limits, onCall: () => this.#process.start() });
  }

  /** Id of the driver's process, for tests and people; undefined while there is none. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  open(name: string): KeyValueBucket {
    return this.#client.open(name);
  }

  async drop(prefix: string): Promise<void> {
    // Most functions have no store: nothing is started to find that out.
    if (existsSync(keyValueDatabasePath(this.#dataDir))) await this.#client.drop(prefix);
  }

  /**
   * Starts the driver if anything that is deployed was granted a store. In a host of one process that only saves the
   * first call the wait; workers cannot start it themselves.
   */
  follow(snapshot: DeployedStores): void {
    for (const { live } of snapshot.functions.values()) {
      if (live.settings.keyValue.length > 0) return this.#process.start();
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#process.close();
  }
}

/** What is read of a route snapshot. */
interface DeployedStores {
  readonly functions: ReadonlyMap<
    string,
    { readonly live: { readonly settings: { readonly keyValue: readonly unknown[] } } }
  >;
}
