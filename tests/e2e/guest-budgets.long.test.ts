/** CPU time, budgets over time and the budget of the host, over HTTP; and how functions learn what they used. */
import t from 'tap';
import { example, misbehave } from '../guests/guests.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const MIB = 2 ** 20;

/** One line of `components/usage-rust`. */
interface Report {
  readonly cpuTime: { readonly used: number; readonly limit: number; readonly remaining: number };
  readonly memory: { readonly used: number; readonly limit: number };
  readonly wallTime: { readonly used: number; readonly limit: number };
}

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t, { config: { limits: { memoryBytes: '64MiB' } } });
  await deployCanary(host);
});

const limitSeries = (name: string, limit: string): string =>
  `faas_limit_exceeded_total{function="${name}",limit="${limit}"}`;

t.test(
  'a guest that burns CPU is a 504 after its time, and its neighbours are served',
  async (t) => {
    await host.deploy('burner', misbehave(), { limits: { cpuMs: 50 } });
    await host.call('/burner/state');
    const burning = host.call('/burner/spin');
    t.match(await host.call('/canary/'), { status: 200 });
    t.match(await burning, {
      status: 504,
      error: { code: 'cpu_limit', message: /"burner" used more than its 50 ms of CPU time/ },
    });
    const path = '/v1/functions/burner/invoke?path=%2Fspin';
    const invoked = await host.api.json<{ cpuMs: number }>({ method: 'POST', path });
    t.match(invoked, { outcome: 'cpu_limit', status: 504, error: { code: 'cpu_limit' } });
    t.ok(invoked.cpuMs >= 50, `${invoked.cpuMs} ms`);
    t.match(await host.logs('burner'), /\[host\] cpu_limit: /);
    const metrics = await host.metrics();
    t.equal(metrics.get(limitSeries('burner', 'cpu')), 2);
    t.ok((metrics.get('faas_cpu_seconds_total{function="burner"}') ?? 0) >= 0.05);
    t.equal(metrics.get('faas_invocation_cpu_seconds_count{function="burner"}'), 3);
    const outcome = 'version="1",trigger="http",outcome="cpu_limit"';
    t.equal(metrics.get(`faas_invocations_total{function="burner",${outcome}}`), 1);
    await assertAlive(t, host, ['burner']);
    await host.api.json({ method: 'DELETE', path: '/v1/functions/burner' });
  },
);

t.test('a function sees what it has used and stops in time', async (t) => {
  const limits = { cpuMs: 60, timeoutMs: 20_000, memoryBytes: 8 * MIB };
  await host.deploy('usage', example('usage-rust'), { limits });
  const ask = async (query: string): Promise<Report> => {
    const { status, text } = await host.call(`/usage/${query}`);
    t.equal(status, 200, text);
    return JSON.parse(text) as Report;
  };
  await ask('');
  const idle = await ask('');
  t.equal(idle.cpuTime.limit, 60e6);
  t.ok(idle.cpuTime.used < 30e6, `used ${idle.cpuTime.used} ns`);
  t.equal(idle.cpuTime.remaining, idle.cpuTime.limit - idle.cpuTime.used);
  t.equal(idle.memory.limit, 8 * MIB);
  t.equal(idle.wallTime.limit, 20e9);
  t.ok(idle.wallTime.used > 0 && idle.wallTime.used < 10e9);
  const spun = await ask('?spin=20');
  t.ok(spun.cpuTime.used >= 20e6);
  t.ok(spun.wallTime.used >= 20e6);
  const stopped = await ask('?spin=1000000');
  t.ok(stopped.cpuTime.used < 60e6, 'it stopped by itself');
  t.ok(stopped.cpuTime.used > 40e6);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/usage' });
});

t.test('more requests a second than a function may have are a 429 with retry-after', async (t) => {
  await host.deploy('rated', misbehave(), { budget: { requestsPerSecond: 0.1 } });
  t.match(await host.call('/rated/state'), { status: 200 });
  const refused = await host.call('/rated/state');
  t.match(refused, {
    status: 429,
    error: { code: 'rate_limited', message: /more requests have come than its 0.1 a second/ },
  });
  const retryAfter = Number(refused.headers['retry-after']);
  t.ok(retryAfter >= 1 && retryAfter <= 10, `retry-after ${retryAfter}`);
  const metrics = await host.metrics();
  t.equal(metrics.get(limitSeries('rated', 'rate')), 1);
  const outcome = 'version="1",trigger="http",outcome="overloaded"';
  t.equal(metrics.get(`faas_invocations_total{function="rated",${outcome}}`), 1);
  await host.deploy('rated', misbehave(), { budget: { requestsPerSecond: 0.11 } });
  t.match(await host.call('/rated/state'), { status: 429 }, 'a new version starts no new budget');
  await host.deploy('rated', misbehave());
  t.match(await host.call('/rated/state'), { status: 200 });
  await assertAlive(t, host, ['rated']);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/rated' });
});

t.test('a function that has used its CPU time of a minute is a 429', async (t) => {
  const settings = { limits: { cpuMs: 60 }, budget: { cpuMsPerMinute: 50 } };
  await host.deploy('heavy', misbehave(), settings);
  t.match(await host.call('/heavy/spin'), { status: 504 });
  const refused = await host.call('/heavy/state');
  t.match(refused, {
    status: 429,
    error: { code: 'cpu_budget_exceeded', message: /has used the 50 ms of CPU time/ },
  });
  const retryAfter = Number(refused.headers['retry-after']);
  t.ok(retryAfter > 50 && retryAfter <= 61, `retry-after ${retryAfter}`);
  t.equal((await host.metrics()).get(limitSeries('heavy', 'cpu_budget')), 1);
  await assertAlive(t, host, ['heavy']);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/heavy' });
});

t.test('replies say how they were made, if the version asks for it', async (t) => {
  await host.deploy('timed', misbehave(), { serverTiming: true });
  const pattern = /^start;desc="(cold|warm)";dur=[\d.]+, cpu;dur=[\d.]+, memory;desc="\d+ bytes"$/;
  t.match((await host.call('/timed/state')).headers['server-timing'], pattern);
  t.match((await host.call('/timed/state')).headers['server-timing'], /^start;desc="warm"/);
  const { status, headers } = await host.call('/timed/unreachable');
  t.equal(status, 500);
  t.match(headers['server-timing'], pattern, 'a reply of the host for it as well');
  t.equal((await host.call('/canary/')).headers['server-timing'], undefined);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/timed' });
});

t.test('what the host has for all is refused as overloaded, and given back', async (t) => {
  const limits = { memoryBytes: 256 * MIB };
  await host.deploy('hog', misbehave(), { limits });
  t.match(await host.call('/hog/grow?mib=100&soft=1'), { status: 200, text: /^refused after/ });
  const hard = await host.call('/hog/grow?mib=100');
  t.match(hard, { status: 503, error: { code: 'host_overloaded', message: /no memory left/ } });
  t.equal(hard.headers['retry-after'], '1');
  const metrics = await host.metrics();
  t.equal(metrics.get(limitSeries('hog', 'host_memory')), 1);
  t.equal(metrics.get('faas_host_memory_limit_bytes'), 64 * MIB);
  t.match(await host.call('/hog/grow?mib=30'), { status: 200 }, 'what was taken is given back');
  await assertAlive(t, host, ['hog']);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/hog' });
});

t.test('an instance that the host has no memory for is a 503, while others run on', async (t) => {
  await host.deploy('sleeper', misbehave(), { limits: { memoryBytes: 64 * MIB } });
  const grown = new AbortController();
  const sleeping = Array.from({ length: 80 }, () =>
    host.call('/sleeper/sleep?ms=3000', { signal: grown.signal }).catch(() => undefined),
  );
  const answers = await Promise.all(sleeping);
  const statuses = new Map<number | undefined, number>();
  for (const answer of answers) {
    statuses.set(answer?.status, (statuses.get(answer?.status) ?? 0) + 1);
  }
  t.same([...statuses.keys()].sort(), [200, 503], JSON.stringify([...statuses]));
  t.match(
    answers.find((answer) => answer?.status === 503),
    { error: { code: 'host_overloaded' } },
  );
  await assertAlive(t, host, ['sleeper']);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/sleeper' });
  await host.untilMetric('faas_host_mappings_used', (await idleMappings()) ?? 0);
});

t.test(
  'invocations that the host has no mappings for are a 503, and all are given back',
  async (t) => {
    const narrow = await openRunningHost(t, { config: { limits: { mappings: 100 } } });
    await deployCanary(narrow);
    await narrow.deploy('sleeper', misbehave());
    const calls = Array.from({ length: 60 }, () => narrow.call('/sleeper/sleep?ms=1500'));
    const answers = await Promise.all(calls);
    const served = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status !== 200);
    t.ok(served.length > 0 && served.length <= 20, `${served.length} of 5 mappings each`);
    for (const answer of refused) {
      t.match(answer, {
        status: 503,
        error: { code: 'host_overloaded', message: /no mappings left/ },
      });
    }
    await assertAlive(t, narrow, ['sleeper']);
    for (const name of ['sleeper', 'canary']) {
      await narrow.api.json({ method: 'DELETE', path: `/v1/functions/${name}` });
    }
    await narrow.untilMetric('faas_host_mappings_used', 0);
    await narrow.untilMetric('faas_host_memory_used_bytes', 0);
  },
);

/** What the canary's own idle instances take: two mappings each. */
async function idleMappings(): Promise<number | undefined> {
  const metrics = await host.metrics();
  const idle = ['idle', 'warm'].map(
    (state) => metrics.get(`faas_instances{function="canary",state="${state}"}`) ?? 0,
  );
  return 2 * idle.reduce((sum, count) => sum + count, 0);
}
