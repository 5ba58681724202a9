/** Guests and clients that never end, never read, never go on: bounded in time, and none of them stays. */
import t from 'tap';
import { liveBufferBytes } from '../e2e/live-bytes.ts';
import { openRunningHost, deployCanary, type RunningHost } from '../e2e/running-host.ts';
import { misbehave } from '../guests/guests.ts';
import { besideCanary } from './neighbour.ts';

const MIB = 2 ** 20;
const FOR_EVER = 10 ** 15;
const LIMITS = { timeoutMs: 1000, cpuMs: 1000, responseBodyBytes: 8 * MIB };
const SLEEPERS = 50;

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  await host.deploy('stream', misbehave(), { limits: LIMITS });
  await host.call('/stream/state');
});

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(64 * 1024, 'x');
}

t.test('a guest that streams for ever is broken off at the limit', async (t) => {
  await besideCanary(t, host, ['stream'], async () => {
    for (let left = 3; left > 0; left -= 1) {
      await t.rejects(host.call(`/stream/huge?bytes=${FOR_EVER}`), { code: 'UND_ERR_SOCKET' });
    }
  });
  t.match(await host.logs('stream'), 'response_too_large: ');
});

t.test('a guest that streams for ever to a client that never reads is ended in time', async (t) => {
  const before = liveBufferBytes();
  await besideCanary(t, host, ['stream'], async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => host.connect(t)));
    for (const client of clients) {
      client.socket.pause();
      client.send(`GET /stream/huge?bytes=${FOR_EVER} HTTP/1.1\r\nHost: h\r\n\r\n`);
    }
    await host.untilMetric('faas_instances{function="stream",state="running"}', 8);
    await host.untilMetric('faas_instances{function="stream",state="running"}', 0);
    for (const client of clients) client.socket.destroy();
  });
  const left = liveBufferBytes() - before;
  t.ok(left < 16 * MIB, `${Math.round(left / MIB)} MiB are held afterwards`);
});

t.test('a client that sends for ever to a guest that never reads is ended in time', async (t) => {
  await besideCanary(t, host, ['stream'], async () => {
    const before = liveBufferBytes();
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, () =>
        host.call('/stream/sleep-forever', { method: 'POST', body: endless() }),
      ),
    );
    for (const answer of answers) {
      // Whoever still sends when the answer comes may see a broken connection instead of it.
      if (answer.status === 'rejected')
        t.match(answer.reason, { code: /^(UND_ERR_SOCKET|EPIPE|ECONNRESET)$/ });
      else t.match(answer.value.status, /^(413|504)$/);
    }
    const left = liveBufferBytes() - before;
    t.ok(left < 32 * MIB, `${Math.round(left / MIB)} MiB are held afterwards`);
  });
});

t.test('guests that suspend and never go on are ended in time, all of them', async (t) => {
  await besideCanary(t, host, ['stream'], async () => {
    const calls = Array.from({ length: SLEEPERS }, () => host.call('/stream/sleep-forever'));
    for (const answer of await Promise.all(calls)) {
      t.match(answer, { status: 504, error: { code: 'invocation_timeout' } });
    }
  });
});

t.test('guests that suspend and never go on are ended when their clients leave', async (t) => {
  await host.deploy('asleep', misbehave(), { limits: { timeoutMs: 60_000 } });
  await besideCanary(t, host, ['asleep'], async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const calls = Array.from({ length: SLEEPERS }, () =>
      host.call('/asleep/sleep-forever', { signal }),
    );
    await host.untilMetric('faas_instances{function="asleep",state="running"}', SLEEPERS);
    abort.abort();
    for (const { status } of await Promise.allSettled(calls)) t.equal(status, 'rejected');
  });
});
