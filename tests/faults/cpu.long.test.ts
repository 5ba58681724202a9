/** Guests that burn CPU for ever, wherever they do it: stopped by their limit, and their neighbours are served meanwhile. */
import t from 'tap';
import { openRunningHost, deployCanary, type RunningHost } from '../e2e/running-host.ts';
import { burn, BURN_ENVIRONMENT, BURN_PLACES } from '../guests/burn.ts';
import { misbehave } from '../guests/guests.ts';
import { besideCanary } from './neighbour.ts';

const LIMITS = { cpuMs: 50, timeoutMs: 20_000 };
const TIMES = 3;

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
});

for (const place of BURN_PLACES) {
  t.test(`a guest that burns CPU in ${place} is stopped by its limit`, async (t) => {
    await host.deploy(place, await burn(place), {
      limits: LIMITS,
      environment: BURN_ENVIRONMENT,
    });
    await besideCanary(t, host, [place], async () => {
      for (let left = TIMES; left > 0; left -= 1) {
        t.match(await host.call(`/${place}/`), { status: 504, error: { code: 'cpu_limit' } });
      }
    });
    t.match(await host.logs(place), 'cpu_limit: ', 'the log says it');
    const series = `faas_invocations_total{function="${place}",version="1",trigger="http",outcome="cpu_limit"}`;
    t.equal((await host.metrics()).get(series), TIMES, 'and it is counted');
    await host.api.json({ method: 'DELETE', path: `/v1/functions/${place}` });
  });
}

t.test('four guests that burn CPU at once are stopped, and others are served', async (t) => {
  await host.deploy('spinning', misbehave(), { limits: { cpuMs: 200, timeoutMs: 20_000 } });
  await besideCanary(t, host, ['spinning'], async () => {
    const calls = Array.from({ length: 4 }, () => host.call('/spinning/spin'));
    for (const answer of await Promise.all(calls)) {
      t.match(answer, { status: 504, error: { code: 'cpu_limit' } });
    }
  });
});

t.test('a client that leaves ends a guest that burns CPU', async (t) => {
  const limits = { cpuMs: 60_000, timeoutMs: 60_000 };
  await host.deploy('left', await burn('tight-loop'), { limits });
  await besideCanary(t, host, ['left'], async () => {
    const abort = new AbortController();
    const calls = Array.from({ length: 3 }, () => host.call('/left/', { signal: abort.signal }));
    await host.untilMetric('faas_instances{function="left",state="running"}', 3);
    abort.abort();
    for (const { status } of await Promise.allSettled(calls)) t.equal(status, 'rejected');
  });
});

t.test('a time limit ends a guest that burns CPU and has time of that left', async (t) => {
  await host.deploy('late', await burn('recursion'), {
    limits: { cpuMs: 300, timeoutMs: 300 },
  });
  await besideCanary(t, host, ['late'], async () => {
    const calls = Array.from({ length: 4 }, () => host.call('/late/'));
    for (const { status, error } of await Promise.all(calls)) {
      t.equal(status, 504);
      t.match(error?.code, /^(invocation_timeout|cpu_limit)$/);
    }
  });
});
