/**
 * The registry's thread: opens the database it is given and answers requests in order. On its own
 * thread because SQLite blocks: on the disk at a commit, on another program's lock for seconds.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { RegistryDatabase } from './registry-database.ts';
import { toRegistryError } from './sqlite-error.ts';
import type { RegistryReply, RegistryRequest } from './sqlite-protocol.ts';

const { path } = workerData as { readonly path: string };
let database: RegistryDatabase | undefined;

parentPort?.on('message', (request: RegistryRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port is no window.
  parentPort?.postMessage(answer(request));
  // Without its port the thread has nothing left to wait for and ends.
  if (request.method === 'close') parentPort?.close();
});

function answer({ id, method, parameters }: RegistryRequest): RegistryReply {
  try {
    // Closing what could not be opened has nothing to do.
    if (method === 'close' && database === undefined) return { id, value: undefined };
    database ??= new RegistryDatabase(path);
    // The main side calls through `SqliteThread.call`, which ties parameters to methods.
    const run = database[method] as (...values: readonly unknown[]) => unknown;
    return { id, value: run.apply(database, [...parameters]) };
  } catch (error) {
    const { code, fields, cause } = toRegistryError(error, path);
    return { id, failure: { code, fields, cause } };
  }
}
