/** A worker and the supervisor are killed under load: what fails, and what does not. */
import t from 'tap';
import { misbehave } from '../guests/guests.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { assertAtomic, deployRounds } from './deploy-rounds.ts';
import { helloOf } from './hello-of.ts';
import { WorkersHost } from './workers-host.ts';

const LOAD = { path: '/app/', requestsPerSecond: 150, connections: 16 };
const LINES = 10;
// Whose a connection is stands in /proc.
const skip = process.platform !== 'linux';

t.test('one host, whose processes are killed one after the other', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  await cluster.host.deploy('app', await helloOf(0));
  await cluster.host.deploy('bad', misbehave());

  await t.test(
    'kill -9 of a worker fails what was in flight on it, and nothing else',
    async (t) => {
      const load = await SteadyLoad.start(t, { ...LOAD, port: cluster.port });
      const [victim, other] = cluster.workers();
      if (victim === undefined || other === undefined) throw new Error('there are two workers');
      const ports = cluster.clientPortsOf(victim.pid);
      process.kill(victim.pid, 'SIGKILL');
      await cluster.untilReplaced([victim], 2);
      await load.answers(40);
      const { failures, statuses, sent, answered } = await load.stop();
      t.same(Object.keys(statuses), ['200']);
      t.equal(answered + failures.length, sent);
      for (const { port, reason } of failures) t.ok(ports.has(port), `${reason} at ${port}`);
      t.ok(
        cluster.workers().some(({ pid }) => pid === other.pid),
        'the other one is untouched',
      );
    },
  );

  await t.test(
    'kill -9 of the supervisor fails nothing, and the next one takes over',
    async (t) => {
      const load = await SteadyLoad.start(t, { ...LOAD, port: cluster.port });
      const before = cluster.workers();
      const counted = await countInvocations(cluster);
      t.ok(counted > 0);
      await cluster.killSupervisor();
      const ids: string[] = [];
      for (let index = 0; index < LINES; index += 1) {
        const id = `meanwhile-${index}`;
        ids.push(id);
        const headers = { 'x-request-id': id };
        t.equal((await cluster.host.call('/bad/stdout', { headers })).status, 200);
      }
      const host = await cluster.startSupervisor();
      t.same(cluster.workers(), before, 'the same processes serve');
      const times = await deployRounds(t, cluster, { from: 1, to: 2 });
      await assertAtomic(t, load, times);
      const kept: string[] = [];
      const input = { params: { name: 'bad' }, query: { tail: 1000 } };
      for await (const event of host.api.callLines('GET /v1/functions/{name}/logs', input)) {
        if ('line' in event && event.line.stream === 'stdout') kept.push(event.line.requestId);
      }
      t.same(kept.sort(), ids.sort(), 'what guests wrote meanwhile is there, once');
      t.ok((await countInvocations(cluster)) > counted, 'counters never go backwards');
    },
  );
});

/** Invocations of `app` that the host has counted. */
async function countInvocations({ host }: WorkersHost): Promise<number> {
  let sum = 0;
  for (const [series, value] of await host.metrics()) {
    if (series.startsWith('faas_invocations_total{function="app"')) sum += value;
  }
  return sum;
}
