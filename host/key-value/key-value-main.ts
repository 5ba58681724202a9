/**
 * The driver's process: opens the database, listens on its socket, says that it is ready on stdout, and serves until
 * its standard input ends. That is a pipe to the process that started it, so that none is left over, however that
 * process ends. In a process of its own because SQLite blocks, and waits for the disk at every commit.
 */
import { closeSync, openSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { RpcLink } from '../links/rpc-link.ts';
import { listenOnPath } from '../links/unix-socket.ts';
import { CommitQueue } from './commit-queue.ts';
import { createHandlers } from './key-value-handlers.ts';
import type { KeyValueLimits } from './key-value-store.ts';
import { SqliteStore } from './sqlite-store.ts';

/** What the process is told. */
export interface KeyValueJob {
  readonly databasePath: string;
  readonly socketPath: string;
  readonly limits: KeyValueLimits;
}

/** How often it looks for what has expired, ms. */
const COLLECT_MS = 1000;

await serve(JSON.parse(process.argv[2] ?? '{}') as KeyValueJob);

async function serve({ databasePath, socketPath, limits }: KeyValueJob): Promise<void> {
  // SQLite gives its other files the mode of the first.
  closeSync(openSync(databasePath, 'a', 0o600));
  const store = new SqliteStore(databasePath, limits, systemClock);
  const queue = new CommitQueue((changes) => store.commit(changes), limits);
  const handlers = createHandlers(store, queue, limits);
  await listenOnPath(socketPath, (socket) => void new RpcLink(socket, { handlers }));
  collectNow(store);
  // Ctrl-C reaches every process of a terminal; requests under way still need this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.stdin.resume();
  process.stdin.once('close', () => {
    queue.flush();
    store.close();
    process.exit(0);
  });
  process.stdout.write('ready\n');
}

/** Collects in pieces, between which calls are answered. */
function collectNow(store: SqliteStore): void {
  let hasMore = false;
  try {
    hasMore = store.collect();
  } catch (error) {
    // A full disk: writes say so themselves.
    process.stderr.write(`cannot collect: ${String(error)}\n`);
  }
  setTimeout(() => collectNow(store), hasMore ? 10 : COLLECT_MS);
}
