/** Fairness between functions: what one of them has waiting is nothing to another. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { openThreadClock } from '../../host/limits/thread-clock.ts';
import { example, misbehave } from '../guests/guests.ts';
import { openHarness } from './harness.ts';

const REQUESTS = 1000;
const AT_ONCE = 64;
const LIGHT_CALLS = 30;
/** CPU time of the thread that may go by until one light call is answered, ms: some slices of others, and its own work. */
const MOST_MS = 20;

t.test(
  'a function with a thousand requests does not starve one with a single request',
  { timeout: 110_000 },
  async (t) => {
    const threadMs = openThreadClock();
    const host = await openHarness(t, { engine: 'native' });
    const minute = { cpuMs: 60_000, timeoutMs: 60_000 };
    const light = await host.deploy('light', example('hello-rust'), { limits: minute });
    for (let call = 0; call < 5; call += 1) await host.call(light, '/');
    const greedy = await host.deploy('greedy', misbehave(), {
      limits: { ...minute, concurrency: AT_ONCE, queue: REQUESTS },
    });
    const clients = new AbortController();
    const options = { signal: clients.signal };
    const calls = Array.from({ length: REQUESTS }, () => host.call(greedy, '/spin', options));
    while ((host.describe(greedy)?.counts.running ?? 0) < AT_ONCE) await nextTurn();
    const took: number[] = [];
    for (let call = 0; call < LIGHT_CALLS; call += 1) {
      const before = threadMs();
      const { result } = await host.call(light, '/');
      took.push(threadMs() - before);
      t.equal(result.outcome, 'ok');
    }
    t.equal(host.describe(greedy)?.counts.running, AT_ONCE, 'they still burn');
    clients.abort();
    for (const { result } of await Promise.all(calls)) t.equal(result.outcome, 'cancelled');
    took.sort((left, right) => left - right);
    const worst = took.at(-1) ?? Infinity;
    t.ok(
      worst < MOST_MS,
      `answered after ${took.map((ms) => ms.toFixed(1)).join(' ')} ms of CPU time`,
    );
  },
);
