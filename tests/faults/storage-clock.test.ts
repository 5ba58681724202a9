/** A wall clock that jumps by days: deadlines, budgets and pools go by the monotonic clock and do not notice. */
import t from 'tap';
import { openRunningHost } from '../e2e/running-host.ts';
import { misbehave } from '../guests/guests.ts';

const DAY_MS = 86_400_000;
const realNow = Date.now;

/** What the host's clock says from now on: real time and this. */
function jump(offsetMs: number): void {
  Date.now = () => realNow() + offsetMs;
}

t.teardown(() => {
  Date.now = realNow;
});

t.test(
  'a clock that jumps forwards and backwards ends nothing early and nothing late',
  async (t) => {
    jump(0);
    const host = await openRunningHost(t);
    const limits = { timeoutMs: 700, cpuMs: 100 };
    const bytes = misbehave();
    await host.deploy('app', bytes, { limits, instances: { min: 1 } });
    await host.deploy('slow', bytes, { budget: { requestsPerSecond: 0.01 } });
    t.equal((await host.call('/slow/state')).status, 200);
    for (const offsetMs of [400 * DAY_MS, -400 * DAY_MS]) {
      const endless = host.call('/app/sleep-forever');
      const sleeping = host.call('/app/sleep?ms=200');
      const spinning = host.call('/app/spin');
      await host.untilMetric('faas_instances{function="app",state="running"}', 3);
      const startedMs = performance.now();
      jump(offsetMs);
      t.equal((await sleeping).status, 200, 'what has time left ends well');
      t.match(await spinning, { status: 504, error: { code: 'cpu_limit' } });
      t.match(await endless, { status: 504, error: { code: 'invocation_timeout' } });
      const tookMs = performance.now() - startedMs;
      t.ok(tookMs > 300 && tookMs < 10_000, `the time limit held: ${Math.round(tookMs)} ms`);
      t.match(await host.call('/slow/state'), { status: 429 }, 'no budget is refilled');
      t.equal((await host.call('/app/state')).status, 200, 'and the pool goes on');
    }
    t.match(await host.deploy('app', bytes), { version: { version: 2 } });
    const path = '/v1/functions/app/aliases/live';
    await host.api.json({ method: 'PUT', path, json: { previous: true } });
    t.match(await host.functions(), [{ name: 'app', live: { version: 1 } }, { name: 'slow' }]);
    const call = { method: 'GET', path: '/v1/changes' } as const;
    const { changes } = await host.api.json<{ changes: { action: string }[] }>(call);
    const actions = changes.map(({ action }) => action).slice(0, 4);
    t.same(actions, ['rollback', 'deploy', 'deploy', 'deploy'], 'changes keep their order');
  },
);
