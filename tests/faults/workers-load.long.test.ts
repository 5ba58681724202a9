/** What stands in the table of faults of several processes, under 1,000 requests a second from another process. */
import t from 'tap';

import { misbehave } from '../guests/guests.ts';
import { SteadyLoad, timesBelowMs } from '../support/steady-load.ts';
import { assertAtomic, deployRounds } from './deploy-rounds.ts';
import { helloOf } from './hello-of.ts';
import { processesOf, WorkersHost } from './workers-host.ts';

const RATE = 1000;
const KILLS = 20;
const DEPLOYS = 50;
const LINES = 10;
const LOGS = 'GET /v1/functions/{name}/logs';
const LOAD = { path: '/app/', requestsPerSecond: RATE, connections: 32 };
const skip = process.platform !== 'linux';

t.test('kill -9 of a worker under 1,000 requests/s, 20 times', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  await cluster.host.deploy('app', await helloOf(0));
  const load = await SteadyLoad.start(t, { ...LOAD, port: cluster.port });
  await load.answers(2 * RATE);
  const endangered = new Set<number>();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const victim = cluster.workers()[0];
    if (victim === undefined) throw new Error('there are workers');
    for (const port of cluster.clientPortsOf(victim.pid)) endangered.add(port);
    process.kill(victim.pid, 'SIGKILL');
    await cluster.untilReplaced([victim], 2);
    await load.answers(RATE);
  }
  const verdict = await load.stop();
  const { failures, statuses, sent, answered } = verdict;
  t.same(Object.keys(statuses), ['200']);
  t.equal(answered + failures.length, sent);
  t.ok(failures.length <= KILLS * LOAD.connections);
  for (const { port, reason } of failures) t.ok(endangered.has(port), `${reason} at ${port}`);
  // What is sent in the loop above, one worker less.
  const least = RATE / 2;
  const [longestMs = 0, nextMs = 0] = timesBelowMs(verdict, least);
  t.comment(`${sent} requests, ${failures.length} failed, below ${least}/s for ${longestMs} ms`);
  t.ok(nextMs <= 1000, `${nextMs} ms below ${least} requests/s`);
  t.ok(longestMs <= 3000, `${longestMs} ms once: a machine may be short of time`);
});

for (const signal of ['SIGABRT', 'SIGSEGV'] as const) {
  t.test(`a worker that ends by ${signal} is replaced, and nobody else`, { skip }, async (t) => {
    const cluster = await WorkersHost.start(t);
    await cluster.host.deploy('app', await helloOf(0));
    const load = await SteadyLoad.start(t, { ...LOAD, requestsPerSecond: 200, port: cluster.port });
    for (let time = 0; time < 3; time += 1) {
      const [victim, other] = cluster.workers();
      if (victim === undefined || other === undefined) throw new Error('there are two workers');
      const ports = cluster.clientPortsOf(victim.pid);
      t.comment(`${ports.size} connections`);
      process.kill(victim.pid, signal);
      await cluster.untilReplaced([victim], 2);
      t.ok(cluster.workers().some(({ pid }) => pid === other.pid));
    }
    const { failures, statuses } = await load.stop();
    t.same(Object.keys(statuses), ['200']);
    t.ok(failures.length <= 3 * LOAD.connections);
  });
}

t.test('50 deploys and rolling restarts under load fail nothing', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  await cluster.host.deploy('app', await helloOf(0));
  const load = await SteadyLoad.start(t, { ...LOAD, requestsPerSecond: 300, port: cluster.port });
  const times = await deployRounds(t, cluster, { from: 1, to: DEPLOYS / 2 });
  let before = cluster.workers();
  t.equal(await cluster.reload(), 2);
  await cluster.untilReplaced(before);
  before = cluster.workers();
  cluster.host.process.child.kill('SIGHUP');
  await cluster.untilReplaced(before);
  // Amid a rolling restart, too.
  const reloading = cluster.reload();
  const later = await deployRounds(t, cluster, { from: DEPLOYS / 2 + 1, to: DEPLOYS });
  t.equal(await reloading, 2);
  await assertAtomic(t, load, new Map([...times, ...later]));
});

t.test('kill -9 of the launcher fails nothing', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  await cluster.host.deploy('app', await helloOf(0));
  const load = await SteadyLoad.start(t, { ...LOAD, requestsPerSecond: 300, port: cluster.port });
  const before = cluster.workers();
  process.kill(cluster.launcherPid() ?? 0, 'SIGKILL');
  await cluster.host.process.until('stderr', /another launcher is there/);
  t.same(cluster.workers(), before, 'the same processes serve');
  const [victim] = before;
  if (victim === undefined) throw new Error('there are workers');
  const times = await deployRounds(t, cluster, { from: 1, to: 3 });
  t.equal(await cluster.reload(), 2);
  await cluster.untilReplaced(before);
  await assertAtomic(t, load, times);
});

t.test(
  'launcher and supervisor killed at once: a new host has the address within 10 s',
  { skip },
  async (t) => {
    const cluster = await WorkersHost.start(t);
    await cluster.host.deploy('app', await helloOf(0));
    await cluster.host.deploy('bad', misbehave());
    const before = cluster.workers();
    process.kill(cluster.launcherPid() ?? 0, 'SIGKILL');
    await cluster.killSupervisor();
    t.equal((await cluster.host.call('/app/')).status, 200, 'the workers serve on');
    const ids = Array.from({ length: LINES }, (_, index) => `meanwhile-${index}`);
    for (const id of ids) {
      const headers = { 'x-request-id': id };
      t.equal((await cluster.host.call('/bad/stdout', { headers })).status, 200);
    }
    const startedMs = performance.now();
    await cluster.startSupervisor();
    const tookMs = performance.now() - startedMs;
    t.ok(tookMs < 10_000, `${Math.round(tookMs)} ms`);
    t.comment(`ready after ${Math.round(tookMs)} ms`);
    t.equal((await cluster.host.call('/app/')).status, 200);
    await cluster.until('the old ones are gone', () => {
      const now = cluster.workers();
      return now.length === 2 && !now.some(({ pid }) => before.some((old) => old.pid === pid));
    });
    const kept: string[] = [];
    const input = { params: { name: 'bad' }, query: { tail: 1000 } };
    for await (const event of cluster.host.api.callLines(LOGS, input)) {
      if ('line' in event && event.line.stream === 'stdout') kept.push(event.line.requestId);
    }
    t.same(kept.sort(), ids.sort(), 'what guests wrote meanwhile is there, once');
  },
);

t.test(
  'kill -9 of the launchers of a supervisor that was replaced fails nothing',
  { skip },
  async (t) => {
    const cluster = await WorkersHost.start(t);
    await cluster.host.deploy('app', await helloOf(0));
    await cluster.killSupervisor();
    await cluster.startSupervisor();
    const load = await SteadyLoad.start(t, { ...LOAD, requestsPerSecond: 300, port: cluster.port });
    const before = cluster.workers();
    const { process: supervisor } = cluster.host;
    const spareIsThere = (time: number): Promise<unknown> =>
      supervisor.until('stderr', new RegExp(`(a spare launcher is there[^]*){${time}}`));
    let launcher = cluster.launcherPid() ?? 0;
    for (let time = 1; time <= 2; time += 1) {
      await spareIsThere(time);
      const spare = cluster.sparePids().find((pid) => pid !== launcher) ?? 0;
      process.kill(launcher, 'SIGKILL');
      await supervisor.until('stderr', new RegExp(`(another launcher is there[^]*){${time}}`));
      launcher = spare;
    }
    await spareIsThere(3);
    const spare = cluster.sparePids().find((pid) => pid !== launcher) ?? 0;
    process.kill(spare, 'SIGKILL');
    await spareIsThere(4);
    t.same(cluster.workers(), before, 'the same processes serve');
    const times = await deployRounds(t, cluster, { from: 1, to: 2 });
    t.equal(await cluster.reload(), 2);
    await cluster.untilReplaced(before);
    await assertAtomic(t, load, times);
    await cluster.killSupervisor();
    await cluster.until('a spare one ends without its supervisor', () => {
      const now = cluster.sparePids();
      return now.length === 1 && now[0] === launcher;
    });
    await cluster.startSupervisor();
    t.equal((await cluster.host.call('/app/')).status, 200);
    const { code } = await cluster.host.process.end('SIGTERM');
    t.equal(code, 0);
    t.same(processesOf(cluster.dataDir), [], 'nobody is left');
  },
);

t.test('launcher and spare one killed: the address is back within 10 s', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  await cluster.host.deploy('app', await helloOf(0));
  await cluster.killSupervisor();
  await cluster.startSupervisor();
  const load = await SteadyLoad.start(t, { ...LOAD, requestsPerSecond: 100, port: cluster.port });
  const before = cluster.workers();
  await cluster.until('there is a spare launcher', () => cluster.sparePids().length === 1);
  for (const pid of [...cluster.sparePids(), cluster.launcherPid() ?? 0])
    process.kill(pid, 'SIGKILL');
  await cluster.untilReplaced(before);
  await load.answers(50);
  const { failures, sent } = await load.stop();
  const first = failures[0]?.atMs ?? 0;
  const last = failures.at(-1)?.atMs ?? 0;
  t.comment(`${failures.length} of ${sent} failed, within ${Math.round(last - first)} ms`);
  // Nobody else holds the address: it is free only when the old workers have stopped listening.
  t.ok(last - first < 10_000);
  t.same(
    [...new Set(failures.map(({ reason }) => reason))].filter((r) => r !== 'ECONNREFUSED'),
    [],
  );
});
