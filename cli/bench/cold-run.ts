/**
 * Cold starts one after the other: the host lets go of the function's module, then one request is sent over a connection
 * that is open already, and so on until the time is over.
 */
import { LoadConnection, type LoadTarget } from './load-connection.ts';
import type { RunOutcome } from './load-run.ts';
import { LoadTally } from './load-tally.ts';

/** What is to be done. */
export interface ColdOrder {
  readonly target: LoadTarget;
  readonly request: Uint8Array;
  readonly durationMs: number;
  /** Makes the host let go of the module. */
  readonly evict: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Longest wait for one answer, ms. */
const ANSWER_MS = 60_000;

/**
 * Measures at least one cold start. The first one is not counted: since a deployment it is another one.
 *
 * @throws {Error} If the connection fails.
 */
export async function runCold(order: ColdOrder): Promise<RunOutcome> {
  const tally = new LoadTally();
  const cpuBefore = process.cpuUsage();
  await sampleOnce(order, undefined);
  const startedMs = performance.now();
  const endMs = startedMs + order.durationMs;
  let unanswered = 0;
  do {
    if (order.signal.aborted) break;
    if (!(await sampleOnce(order, tally))) unanswered += 1;
  } while (performance.now() < endMs);
  const passedMs = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    ...tally.sumUp(),
    requestsPerSecond: tally.requests / (passedMs / 1000),
    seconds: passedMs / 1000,
    unanswered,
    loaderCpu: (cpu.user + cpu.system) / 1000 / passedMs,
  };
}

/** @returns Whether there was an answer; false if nobody wants to wait for it any more. */
async function sampleOnce(order: ColdOrder, tally: LoadTally | undefined): Promise<boolean> {
  const { target, request, evict, signal } = order;
  const done = Promise.withResolvers<boolean>();
  const connected = Promise.withResolvers<void>();
  const connection = new LoadConnection(target, {
    connected: () => connected.resolve(),
    answered: (answer, { sentMs, endMs }) => {
      tally?.answered(answer, { isCounted: true, latencyMs: endMs - sentMs });
      done.resolve(true);
    },
    failed: (error) => {
      connected.reject(error);
      done.reject(error);
    },
  });
  const leave = (): void => done.resolve(false);
  const timer = setTimeout(leave, ANSWER_MS);
  signal.addEventListener('abort', leave, { once: true });
  // Whichever of the two is not waited for must not end the process.
  done.promise.catch(() => {});
  try {
    await connected.promise;
    await evict();
    if (signal.aborted) return false;
    connection.send(request);
    return await done.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    connection.close();
  }
}
