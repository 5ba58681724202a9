/** A healthy function beside guests that misbehave: it is called all the time, and no call may fail or wait long. */
import type { Test } from 'tap';
import type { RunningHost } from '../e2e/running-host.ts';

/** What the healthy function is called; `deployCanary` deploys it. */
const CANARY = 'canary';

/**
 * Runs `work` while the canary is called again and again, one call after the other; then asserts that each of
 * these was answered with 200, and that no instance of the misbehaving functions runs any more.
 *
 * @param names Functions that misbehave.
 * @param mostMs How long the longest call of the canary may take.
 */
export async function besideCanary<T>(
  t: Test,
  host: RunningHost,
  names: readonly string[],
  work: () => Promise<T>,
  mostMs = 2000,
): Promise<T> {
  let isOver = false;
  const calls = callUntil(host, () => isOver);
  let result: T;
  try {
    result = await work();
  } finally {
    isOver = true;
  }
  const { statuses, longestMs } = await calls;
  t.same([...statuses], [200], 'the neighbour is served all the time');
  t.ok(longestMs < mostMs, `and waits no longer than ${Math.round(longestMs)} ms`);
  await assertNoneRuns(host, [...names, CANARY]);
  t.equal((await host.call(`/${CANARY}/`)).status, 200, 'and afterwards');
  return result;
}

/** Waits until no instance of these functions runs and nothing waits for one: what leaks never gets there. */
export async function assertNoneRuns(host: RunningHost, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await host.untilMetric(`faas_instances{function="${name}",state="running"}`, 0);
    await host.untilMetric(`faas_queue_depth{function="${name}"}`, 0);
  }
}

async function callUntil(
  host: RunningHost,
  isOver: () => boolean,
): Promise<{ statuses: ReadonlySet<number>; longestMs: number }> {
  const statuses = new Set<number>();
  let longestMs = 0;
  do {
    const startedMs = performance.now();
    statuses.add((await host.call(`/${CANARY}/`)).status);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
  } while (!isOver());
  return { statuses, longestMs };
}
