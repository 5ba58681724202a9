/**
 * More calls that are suspended than there are memory mappings for: V8 ends a process that has none left, so the host
 * counts them and refuses before. How many there are is configured here, lower than the kernel's; that no more are taken
 * than are counted is looked up in `/proc`.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { catchAll } from '../guests/catch-all.ts';
import { helloOf, textOf } from './hello-of.ts';
import { WorkersHost } from './workers-host.ts';

const WORKERS = 2;
/** Of each worker. */
const MAPPINGS = 2400;
/** A call that is suspended: its stack, and the guards around it. */
const MAPPINGS_A_CALL = 3;
const FIT = (WORKERS * MAPPINGS) / MAPPINGS_A_CALL;
const TOO_MANY = 400;
/** What V8 maps besides, for its heap. */
const HEAP_MAPPINGS = 600;
const HOLD_MS = 600_000;

function mappingsOf(pid: number): number {
  return readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').length;
}

t.test(
  'calls that wait stop short of the mappings of their workers',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const cluster = await WorkersHost.start(t, {
      workers: WORKERS,
      config: {
        limits: { mappings: MAPPINGS },
        http: { requestTimeoutMs: HOLD_MS },
        watchdogMs: 20_000,
      },
    });
    const { host } = cluster;
    await host.deploy('app', await helloOf(0));
    const limits = { concurrency: 2 * FIT, queue: 2 * FIT, timeoutMs: HOLD_MS };
    await host.deploy('sleep', await catchAll('try … catch_all', 'sleep'), { limits });
    t.equal((await host.call('/app/')).text, textOf(0));
    const before = cluster.workers();
    const taken = before.map(({ pid }) => mappingsOf(pid));
    const refusals: string[] = [];
    const sockets: Socket[] = [];
    t.teardown(() => sockets.forEach((socket) => socket.destroy()));
    const count = FIT + TOO_MANY;
    while (sockets.length < count) {
      const socket = connect(cluster.port, '127.0.0.1').on('error', (error) => t.error(error));
      socket.setEncoding('latin1').on('data', (text: string) => refusals.push(text));
      socket.write('GET /sleep/ HTTP/1.1\r\nhost: a\r\n\r\n');
      sockets.push(socket);
    }
    let running = 0;
    await cluster.until('each runs or is refused', async () => {
      const metrics = await host.metrics();
      running = metrics.get('faas_instances{function="sleep",state="running"}') ?? 0;
      return running + refusals.length === count;
    });
    t.ok(running <= FIT, `${running} run`);
    for (const text of refusals) {
      if (!/^HTTP\/1\.1 503 [^]*"code":"host_overloaded"[^]*mappings/.test(text)) t.fail(text);
    }
    for (const [index, { pid }] of before.entries()) {
      const more = mappingsOf(pid) - (taken[index] ?? 0);
      t.ok(more <= MAPPINGS + HEAP_MAPPINGS, `${more} mappings more in worker ${index + 1}`);
    }
    t.comment(`${running} of ${count} run, ${refusals.length} are refused`);
    for (const socket of sockets) socket.destroy();
    await host.untilMetric('faas_instances{function="sleep",state="running"}', 0);
    t.equal((await host.call('/app/')).text, textOf(0));
    t.same(cluster.workers(), before, 'nobody has ended');
  },
);
