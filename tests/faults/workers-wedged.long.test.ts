/** Workers whose event loops stand still: by a guest, by SIGSTOP, under the watchdog and amid a deployment. */
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { wat } from '../guests/guests.ts';
import { wedge, WEDGE_MEMORY_BYTES } from '../guests/wedge.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { helloOf } from './hello-of.ts';
import { WorkersHost } from './workers-host.ts';

const WATCHDOG_MS = 300;
const skip = process.platform !== 'linux';

t.test(
  'a guest that wedges workers is blamed, and quarantined the third time',
  { skip },
  async (t) => {
    const cluster = await WorkersHost.start(t, {
      config: { watchdogMs: WATCHDOG_MS, limits: { memoryBytes: '8GiB' } },
    });
    const { host } = cluster;
    await host.deploy('app', await wat('hello'));
    const limits = { memoryBytes: WEDGE_MEMORY_BYTES, cpuMs: 20_000, timeoutMs: 20_000 };
    await host.deploy('wedge', await wedge(), { limits });
    const load = await SteadyLoad.start(t, {
      port: cluster.port,
      path: '/app/',
      requestsPerSecond: 100,
      connections: 8,
    });
    const inFlight = new Set<number>();
    for (let time = 1; time <= 3; time += 1) {
      await cluster.until('all serve', () => cluster.allServe());
      const before = cluster.workers();
      for (const { pid } of before)
        for (const port of cluster.clientPortsOf(pid)) inFlight.add(port);
      t.comment(`killed after ${Math.round(await wedgeOne(cluster))} ms`);
      await cluster.until('one is replaced', () => {
        const now = cluster.workers().map(({ pid }) => pid);
        return now.length === 2 && !before.every(({ pid }) => now.includes(pid));
      });
      const kept = before.filter(({ pid }) => cluster.workers().some((one) => one.pid === pid));
      t.equal(kept.length, 1, 'the other one is untouched');
    }
    await host.process.until('stderr', /function_quarantined|quarantine/);
    t.match(await host.call('/wedge/'), { status: 503, error: { code: 'function_quarantined' } });
    const described = await host.api.json<object>({ method: 'GET', path: '/v1/functions/wedge' });
    t.match(JSON.stringify(described), /quarantin/i, 'describe says so');
    await host.untilMetric('faas_functions_quarantined', 1);
    t.equal((await host.call('/app/')).status, 200);
    const { failures, statuses, sent, answered } = await load.stop();
    t.same(Object.keys(statuses), ['200'], 'neighbours are served by the other worker');
    t.comment(`${failures.length} of ${sent} failed, ${answered} answered`);
    t.ok(failures.length <= 3 * 8, 'what was in flight on three workers');
    await host.api.json({ method: 'DELETE', path: '/v1/functions/wedge/quarantine' });
    await host.untilMetric('faas_functions_quarantined', 0);
    t.ok((await wedgeOne(cluster)) > 0, 'it runs again, and does it again');
  },
);

t.test('a deployment does not end before each worker serves it or is dead', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  const { host } = cluster;
  await host.deploy('app', await helloOf(1));
  const [stopped] = cluster.workers();
  if (stopped === undefined) throw new Error('there are workers');
  process.kill(stopped.pid, 'SIGSTOP');
  const startedMs = performance.now();
  const deployed = host.deploy('app', await helloOf(2));
  t.match(await deployed, { result: 'created' });
  t.comment(`deployed after ${Math.round(performance.now() - startedMs)} ms`);
  t.notOk(
    cluster.workers().some(({ pid }) => pid === stopped.pid),
    'the one that did not answer is dead',
  );
  await cluster.untilReplaced([stopped], 2);
  const answers = await Promise.all(Array.from({ length: 32 }, () => host.call('/app/')));
  for (const { text } of answers) t.equal(text, 'Hello from 002\n');

  const [paused] = cluster.workers();
  if (paused === undefined) throw new Error('there are workers');
  process.kill(paused.pid, 'SIGSTOP');
  const next = host.deploy('app', await helloOf(3));
  let isDone = false;
  void next.then(() => (isDone = true));
  await delay(2000);
  t.notOk(isDone, 'it waits for the one that is stopped');
  process.kill(paused.pid, 'SIGCONT');
  await next;
  t.ok(
    cluster.workers().some(({ pid }) => pid === paused.pid),
    'which goes on as it is',
  );
  const later = await Promise.all(Array.from({ length: 32 }, () => host.call('/app/')));
  for (const { text } of later) t.equal(text, 'Hello from 003\n');
});
/**
 * Calls the guest, which wedges a worker: its memory is lent in time.
 *
 * @returns How long the call took, ms.
 */
async function wedgeOne({ host }: WorkersHost): Promise<number> {
  const startedMs = performance.now();
  const answer = await host.call('/wedge/').catch(() => undefined);
  if (answer !== undefined) throw new Error(answer.text);
  return performance.now() - startedMs;
}
