/**
 * A worker whose JavaScript heap runs full: V8 ends it, the host starts another one, and nobody else notices. Clients do it
 * with requests that wait; the heap is small, because the host was started so.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { misbehave } from '../guests/guests.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { helloOf } from './hello-of.ts';
import { WorkersHost } from './workers-host.ts';

/** Old generation of each worker, MiB: one that serves nobody takes about half of it. */
const HEAP_MIB = 64;
const CLIENTS = 4000;
/** Header fields of a request, bytes: just under what the host takes. */
const HEAD_BYTES = 15_000;
const LOAD = { path: '/app/', requestsPerSecond: 100, connections: 8 };

/** Opens connections, some at a time. */
async function openCrowd(t: Test, port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  while (sockets.length < count) {
    const batch = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
    sockets.push(...batch);
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
  }
  for (const socket of sockets) socket.on('error', () => {}).resume();
  return sockets;
}

t.test(
  'a worker whose heap is full is replaced, and nobody else',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const cluster = await WorkersHost.start(t, {
      environment: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` },
      // Collecting garbage in a heap that is nearly full takes long; the watchdog is not what is tested.
      config: { watchdogMs: 60_000, http: { requestTimeoutMs: 120_000 } },
    });
    const { host } = cluster;
    await host.deploy('app', await helloOf(0));
    const limits = { concurrency: 1, queue: CLIENTS, timeoutMs: 120_000 };
    await host.deploy('bad', misbehave(), { limits });
    const [victim, other] = cluster.workers();
    if (victim === undefined || other === undefined) throw new Error('there are two workers');
    // While one stands still the other accepts whoever connects.
    process.kill(victim.pid, 'SIGSTOP');
    const load = await SteadyLoad.start(t, { ...LOAD, port: cluster.port });
    process.kill(victim.pid, 'SIGCONT');
    process.kill(other.pid, 'SIGSTOP');
    const crowd = await openCrowd(t, cluster.port, CLIENTS);
    process.kill(other.pid, 'SIGCONT');
    await load.answers(50);
    const endangered = cluster.clientPortsOf(victim.pid);
    const head = `GET /bad/sleep-forever HTTP/1.1\r\nhost: a\r\nx-large: ${'x'.repeat(HEAD_BYTES)}\r\n\r\n`;
    for (const [index, socket] of crowd.entries()) {
      socket.write(head.replace('x-large: x', `x-large: ${index}`));
    }
    await host.process.until('stderr', /JavaScript heap out of memory/);
    await host.process.until('stderr', /"signal":"SIGABRT".*"a worker has ended"/);
    await cluster.untilReplaced([victim], 2);
    t.ok(
      cluster.workers().some(({ pid }) => pid === other.pid),
      'the other one is untouched',
    );
    await load.answers(50);
    const { failures, statuses, sent } = await load.stop();
    t.same(Object.keys(statuses), ['200']);
    for (const { port, reason } of failures) t.ok(endangered.has(port), `${reason} at ${port}`);
    t.comment(`${sent} requests beside it, ${failures.length} failed with the worker`);
  },
);
