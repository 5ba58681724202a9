/** A host of several processes that is told to end, with requests under way. */
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { misbehave } from '../guests/guests.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { processesOf, WorkersHost } from './workers-host.ts';

const SLOW = 8;
const SLOW_MS = 1500;
/** How long the last process may take to end after the host has, ms. */
const FAREWELL_MS = 5000;

t.jobs = 2;

t.test('SIGTERM under load: what is under way finishes, readyz says 503 meanwhile', async (t) => {
  const cluster = await WorkersHost.start(t);
  const { host } = cluster;
  await host.deploy('bad', misbehave());
  const path = `/bad/sleep?ms=${SLOW_MS}`;
  const order = { port: cluster.port, path: '/bad/state', requestsPerSecond: 50, connections: 4 };
  const load = await SteadyLoad.start(t, order);
  const slow = Array.from({ length: SLOW }, () => host.call(path));
  await host.untilMetric('faas_instances{function="bad",state="running"}', SLOW);
  host.process.child.kill('SIGTERM');
  await host.process.until('stderr', /"closing"/);
  const states = new Set<number>();
  for (let looks = 0; looks < 10; looks += 1) {
    states.add((await host.send(`${host.adminUrl}/readyz`)).status);
    await delay(20);
  }
  t.ok(states.has(503), [...states].join(' '));
  for (const { status, text } of await Promise.all(slow)) {
    t.equal(status, 200);
    t.match(text, /^slept/);
  }
  // Its stderr is open as long as one of its processes is there.
  t.match(await host.process.finished(), { code: 0, signal: null });
  t.same(processesOf(cluster.dataDir), []);
  const { statuses, failures } = await load.stop();
  t.same(Object.keys(statuses), ['200'], 'who was let in was served');
  t.ok(failures.length > 0);
  t.notOk(failures.some(({ reason }) => reason === 'the answer broke off'));
});

t.test('a second signal ends all processes at once', async (t) => {
  const cluster = await WorkersHost.start(t);
  const { host } = cluster;
  await host.deploy('bad', misbehave());
  const endless = host.call('/bad/sleep-forever').catch(() => 'it broke off');
  await host.untilMetric('faas_instances{function="bad",state="running"}', 1);
  host.process.child.kill('SIGTERM');
  await host.process.until('stderr', /"closing"/);
  const again = setInterval(() => host.process.child.kill('SIGTERM'), 200);
  const startedMs = performance.now();
  const { code } = await host.process.finished();
  clearInterval(again);
  t.equal(code, 143);
  t.same(processesOf(cluster.dataDir), []);
  t.ok(performance.now() - startedMs < FAREWELL_MS, 'it has not waited for the drain');
  t.equal(await endless, 'it broke off');
});
