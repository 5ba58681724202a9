/**
 * A thread of the preparing process that ends it when its host is gone, however the host went: nobody
 * else would end a guest whose start function loops. A process whose parent has ended gets another one.
 */
import { parentPort, workerData } from 'node:worker_threads';

// Told and not looked up: a parent that has ended by now is not the one that is looked up.
const parentPid: unknown = workerData;

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
}, 250);

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
parentPort?.postMessage('watching');
