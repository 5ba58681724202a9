/** Limits of a version, over HTTP: sizes, memory, time, places. Whoever meets one is told, and others are served. */
import t from 'tap';
import { example, misbehave } from '../guests/guests.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const MIB = 2 ** 20;
const LIMITS = {
  memoryBytes: 32 * MIB,
  timeoutMs: 10_000,
  requestBodyBytes: 1000,
  responseBodyBytes: MIB,
  logBytes: 4000,
};

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  await host.deploy('limited', misbehave(), { limits: LIMITS });
});

async function* pieces(bytes: number, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < bytes; sent += pieceBytes) yield Buffer.alloc(pieceBytes, 'x');
}

t.test('a request body above the limit is a 413, announced or not', async (t) => {
  const refused = {
    status: 413,
    error: { code: 'request_too_large', message: /larger than 1000 bytes/ },
  };
  const options = { method: 'POST', body: 'x'.repeat(1001) };
  t.match(await host.call('/limited/never-read', options), refused, 'announced: at once');
  const streamed = { method: 'POST', body: pieces(5000, 500) };
  t.match(await host.call('/limited/read-slow?bytes=100', streamed), refused, 'when it is met');
  const fitting = { method: 'POST', body: 'x'.repeat(1000) };
  t.match(await host.call('/limited/read-slow', fitting), {
    status: 200,
    text: /^1000 bytes, then end/,
  });
  await assertAlive(t, host, ['limited']);
});

t.test('a client that waits for 100 Continue is told 413 instead', async (t) => {
  const client = await host.connect(t);
  client.send(
    'POST /limited/never-read HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n',
  );
  const text = await client.closed();
  t.match(text, /^HTTP\/1\.1 413 [^]*"code":"request_too_large"/);
  t.notMatch(text, '100 Continue');
  await assertAlive(t, host, ['limited']);
});

t.test('a response above the limit is broken off, and the log says why', async (t) => {
  await t.rejects(host.call(`/limited/huge?bytes=${2 * MIB}`), { code: 'UND_ERR_SOCKET' });
  // The connection breaks first.
  let log = '';
  for (let tries = 0; tries < 100 && !log.includes('response_too_large'); tries += 1) {
    log = await host.logs('limited');
  }
  t.match(log, /response_too_large: .* more than 1048576 bytes/);
  const { text } = await host.call(`/limited/huge?bytes=${MIB}`);
  t.equal(text.length, MIB, 'what is just allowed is whole');
  await assertAlive(t, host, ['limited']);
});

t.test(
  'memory above the limit is refused; a guest that cannot do without it is a 500',
  async (t) => {
    const soft = await host.call('/limited/grow?mib=64&soft=1');
    t.match(soft, { status: 200, text: /^refused after \d+ MiB/ });
    const hard = await host.call('/limited/grow?mib=64');
    t.match(hard, { status: 500, error: { code: 'memory_limit', message: /33554432 bytes/ } });
    t.match(await host.call('/limited/grow?mib=8'), { status: 200, text: 'took 8 MiB\n' });
    const tiny = { limits: { memoryBytes: 70_000 } };
    t.match(await host.refusal('tiny', misbehave(), tiny), {
      status: 400,
      code: 'memory_limit_at_start',
      message: /limit is 70000/,
    });
    await assertAlive(t, host, ['limited']);
  },
);

t.test('a guest that prints without end is cut off and works on', async (t) => {
  const answer = await host.call('/limited/stdout?lines=5000&width=50');
  t.match(answer, { status: 200, text: 'printed\n' });
  const log = await host.logs('limited');
  t.match(log, /\[host\] log limit of 4000 bytes reached: the rest is dropped/);
  t.notMatch(log, 'stdout line 5000');
  await assertAlive(t, host, ['limited']);
});

t.test('a guest that hoards handles is served or told so, and gives them back', async (t) => {
  const { status } = await host.call('/limited/hog-handles?n=200000&leak=1');
  t.ok([200, 500].includes(status), `status ${status}`);
  await assertAlive(t, host, ['limited']);
});

t.test('a client that reads nothing holds a guest no longer than its time', async (t) => {
  const limits = { timeoutMs: 400 };
  await host.deploy('slow', misbehave(), { limits });
  const client = await host.connect(t);
  client.socket.pause();
  client.send('GET /slow/huge?bytes=500000000 HTTP/1.1\r\nHost: h\r\n\r\n');
  await host.untilMetric(
    'faas_invocations_total{function="slow",version="1",trigger="http",outcome="timeout"}',
    1,
  );
  await host.untilMetric('faas_instances{function="slow",state="running"}', 0);
  client.socket.resume();
  const text = await client.closed();
  t.notMatch(text.slice(-10), /\r\n0\r\n\r\n$/, 'the body has no end');
  await host.api.json({ method: 'DELETE', path: '/v1/functions/slow' });
  await assertAlive(t, host, ['limited']);
});

t.test(
  'requests beyond the places wait, and beyond the queue get 503 with Retry-After',
  async (t) => {
    const limits = { concurrency: 2, queue: 3 };
    await host.deploy('narrow', misbehave(), { limits });
    await host.call('/narrow/state');
    const calls = Array.from({ length: 9 }, () => host.call('/narrow/sleep?ms=300'));
    const answers = await Promise.all(calls);
    t.equal(answers.filter(({ status }) => status === 200).length, 5, '2 run and 3 wait');
    const shed = answers.filter(({ status }) => status === 503);
    t.equal(shed.length, 4);
    for (const answer of shed) {
      t.match(answer, { error: { code: 'overloaded' }, headers: { 'retry-after': /^\d+$/ } });
    }
    t.match(await host.call('/narrow/state'), { status: 200 }, 'and then there is room again');
    await host.api.json({ method: 'DELETE', path: '/v1/functions/narrow' });
    await assertAlive(t, host, ['limited']);
  },
);

t.test('a client that leaves ends its guest, running or waiting', async (t) => {
  await host.deploy('left', misbehave(), { limits: { concurrency: 1, queue: 5 } });
  const abort = new AbortController();
  const calls = [1, 2, 3].map(() => host.call('/left/sleep-forever', { signal: abort.signal }));
  await host.untilMetric('faas_instances{function="left",state="running"}', 1);
  await host.untilMetric('faas_queue_depth{function="left"}', 2);
  abort.abort();
  t.same(
    new Set((await Promise.allSettled(calls)).map(({ status }) => status)),
    new Set(['rejected']),
  );
  const series =
    'faas_invocations_total{function="left",version="1",trigger="http",outcome="cancelled"}';
  await host.untilMetric(series, 3);
  await host.untilMetric('faas_instances{function="left",state="running"}', 0);
  await host.untilMetric('faas_queue_depth{function="left"}', 0);
  t.match(await host.call('/left/state'), { status: 200 }, 'its place is free');
  await host.api.json({ method: 'DELETE', path: '/v1/functions/left' });
  await assertAlive(t, host, ['limited']);
});

t.test('a client that leaves amid its upload ends its guest', async (t) => {
  await host.deploy('echo', example('echo-rust'));
  const client = await host.connect(t);
  client.send('POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf');
  await client.until(/half/);
  await host.untilMetric('faas_instances{function="echo",state="running"}', 1);
  client.socket.destroy();
  await host.untilMetric('faas_instances{function="echo",state="running"}', 0);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/echo' });
  await assertAlive(t, host, ['limited']);
});

t.test('a version that is replaced or deleted finishes what it has begun', async (t) => {
  await host.deploy('moving', misbehave());
  const old = host.call('/moving/sleep?ms=400');
  await host.untilMetric('faas_instances{function="moving",state="running"}', 1);
  await host.deploy('moving', misbehave(), { environment: [['NEW', '1']] });
  t.match(await host.call('/moving/env'), { status: 200, text: 'NEW=1\n' });
  t.match(await old, { status: 200, text: /^slept/ });
  const last = host.call('/moving/sleep?ms=400');
  await host.untilMetric('faas_instances{function="moving",state="running"}', 1);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/moving' });
  t.match(await host.call('/moving/env'), { status: 404, error: { code: 'unknown_function' } });
  t.match(await last, { status: 200, text: /^slept/ });
  await assertAlive(t, host, ['limited']);
});
