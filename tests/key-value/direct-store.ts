/** The port straight over the SQLite driver in memory, with a clock that the test sets: what the client is without its link. */
import type { Clock } from '../../host/base/clock.ts';
import { HostError } from '../../host/base/errors.ts';
import { configSchema } from '../../host/config/schema.ts';
import { CommitQueue } from '../../host/key-value/commit-queue.ts';
import { createHandlers } from '../../host/key-value/key-value-handlers.ts';
import { KeyValueClient } from '../../host/key-value/key-value-client.ts';
import type { KeyValueLimits, KeyValueStore } from '../../host/key-value/key-value-store.ts';
import { SqliteStore, type Change } from '../../host/key-value/sqlite-store.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

/** Limits as the configuration has them, and some others. */
export function limitsOf(changes: Partial<KeyValueLimits> = {}): KeyValueLimits {
  return { ...configSchema.parse({ dataDir: '/d' }).keyValue, ...changes };
}

/** A clock whose wall time the test sets. */
export class WallClock extends ManualClock {
  nowMs = 1_700_000_000_000;

  override wallMs(): number {
    return this.nowMs;
  }
}

/** The port over a driver in this process. */
export interface DirectStore {
  readonly port: KeyValueStore;
  readonly driver: SqliteStore;
  readonly clock: WallClock;
  /** Changes of each commit. */
  readonly commits: number[];
  /** Makes every call fail as if the driver's process were gone. */
  isGone: boolean;
}

/** Opens one in memory, or on a file. */
export function openDirectStore(
  changes: Partial<KeyValueLimits> = {},
  path = ':memory:',
): DirectStore {
  const limits = limitsOf(changes);
  const clock = new WallClock();
  const driver = new SqliteStore(path, limits, clock);
  const commits: number[] = [];
  const commit = (batch: readonly Change[]): ReturnType<SqliteStore['commit']> => {
    commits.push(batch.length);
    return driver.commit(batch);
  };
  const handlers = createHandlers(driver, new CommitQueue(commit, limits), limits);
  const direct: DirectStore = {
    driver,
    clock: clock as Clock & WallClock,
    commits,
    isGone: false,
    port: new LinklessClient(limits, async (method, params) => {
      if (direct.isGone) throw new HostError('key_value_unavailable', { reason: 'it is gone' });
      // As a link does: nothing but JSON passes.
      const sent: unknown = JSON.parse(JSON.stringify(params));
      const answer: unknown = await handlers[method]?.(sent, undefined as never);
      return JSON.parse(JSON.stringify(answer ?? null)) as unknown;
    }),
  };
  return direct;
}

class LinklessClient extends KeyValueClient {
  readonly #answer: (method: string, params: object) => Promise<unknown>;

  constructor(
    limits: KeyValueLimits,
    answer: (method: string, params: object) => Promise<unknown>,
  ) {
    super({ path: '/nowhere', limits });
    this.#answer = answer;
  }

  override call(method: string, params: object): Promise<unknown> {
    return this.#answer(method, params);
  }
}
