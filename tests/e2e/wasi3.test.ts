/** WASI 0.3 over HTTP: the same behaviour as 0.2 wherever both exist, and what only 0.3 has. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { example, misbehave, misbehave3 } from '../guests/guests.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';
import type { Answer, CallOptions } from './host-client.ts';

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t, { config: { limits: { coldAllowanceMs: 10_000 } } });
  await deployCanary(host);
  const limits = { timeoutMs: 500, cpuMs: 500, memoryBytes: 64 * 2 ** 20 };
  await Promise.all([
    host.deploy('two', misbehave(), { limits }),
    host.deploy('three', misbehave3(), { limits }),
    host.deploy('echo-two', example('echo-rust')),
    host.deploy('echo-three', example('echo-p3-rust')),
  ]);
});

interface Behaviour {
  readonly what: string;
  /** Function and path for 0.2 and for 0.3. */
  readonly paths: readonly [two: string, three: string];
  readonly options?: CallOptions;
  /** What both answer. */
  readonly answer: object;
}

const POST = { method: 'POST', body: 'a body\n' };

/** What both releases do, by the guests of each. */
const BEHAVIOURS: readonly Behaviour[] = [
  {
    what: 'says hello',
    paths: ['canary/', 'three/'],
    answer: { status: 200, error: undefined },
  },
  {
    what: 'starts from the same state in every call',
    paths: ['two/state', 'three/calls'],
    answer: { status: 200, text: '1\n' },
  },
  {
    what: 'echoes a body',
    paths: ['echo-two/', 'echo-three/'],
    options: POST,
    answer: { status: 200, text: 'a body\n' },
  },
  {
    what: 'echoes a body of unknown length',
    paths: ['echo-two/', 'echo-three/'],
    options: { method: 'POST', body: pieces(['piece ', 'by ', 'piece']) as never },
    answer: { status: 200, text: 'piece by piece' },
  },
  {
    what: 'leaves a body unread',
    paths: ['two/never-read', 'three/ignore-body'],
    options: POST,
    answer: { status: 200, error: undefined },
  },
  {
    what: 'sends no body',
    paths: ['two/no-body', 'three/no-contents'],
    answer: { status: 200, text: '' },
  },
  {
    what: 'answers HEAD without a body',
    paths: ['two/huge?bytes=1000', 'three/large?1000'],
    options: { method: 'HEAD' },
    answer: { status: 200, text: '' },
  },
  {
    what: 'streams a large body',
    paths: ['two/huge?bytes=3000000', 'three/large?3000000'],
    answer: { status: 200, text: /^x{3000000}$/ },
  },
  {
    what: 'answers with an error code',
    paths: ['two/error-code', 'three/error'],
    answer: { status: 502, error: { code: 'guest_error_code' } },
  },
  {
    what: 'traps',
    paths: ['two/panic', 'three/trap'],
    answer: { status: 500, error: { code: 'guest_trapped' } },
  },
  {
    what: 'exits',
    paths: ['two/exit?code=3', 'three/exit'],
    answer: { status: 502, error: { code: 'guest_exited' } },
  },
  {
    what: 'sleeps for ever',
    paths: ['two/sleep-forever', 'three/forever'],
    answer: { status: 504, error: { code: 'invocation_timeout' } },
  },
  {
    what: 'takes more memory than it may have',
    paths: ['two/grow?mib=200', 'three/memory'],
    answer: { status: 500, error: { code: 'memory_limit' } },
  },
  {
    what: 'asks for a host it was not granted',
    paths: ['two/fetch?url=http://127.0.0.1:9/', 'three/fetch?127.0.0.1:9'],
    answer: { status: 200, text: /HttpRequestDenied/ },
  },
];

for (const { what, paths, options, answer } of BEHAVIOURS) {
  t.test(`in 0.2 and 0.3 alike a guest ${what}`, async (t) => {
    const answers: Answer[] = [];
    for (const path of paths) answers.push(await host.call(`/${path}`, options));
    for (const [index, path] of paths.entries()) t.match(answers[index], answer, path);
    t.equal(answers[0]?.status, answers[1]?.status);
  });
}

t.test('trailers of a request come back through an echo', async (t) => {
  const client = await host.connect(t);
  client.send(
    'POST /echo-three/ HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: x-sum\r\n' +
      'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n' +
      '4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n',
  );
  const answer = await client.closed();
  t.match(answer, /^HTTP\/1\.1 200 /);
  t.match(answer, /body\r\n0\r\nx-sum: 42\r\n/i);
});

t.test('both directions of an echo are open at once', async (t) => {
  const client = await host.connect(t);
  client.send('POST /three/copy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (const piece of ['first', 'other', 'third']) {
    client.send(`5\r\n${piece}\r\n`);
    await client.until(new RegExp(piece));
  }
  client.send('0\r\n\r\n');
  await client.until(/\r\n0\r\n/);
  t.match(client.received, /first[^]*other[^]*third/);
});

t.test('server-sent events arrive as they are written', async (t) => {
  await host.deploy('events', example('events-p3-rust'));
  const client = await host.connect(t);
  client.send('GET /events/?count=3&every=40 HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.until(/event 1 of 3/);
  t.notMatch(client.received, 'event 3 of 3', 'the first one comes before the last is written');
  await client.until(/event 3 of 3[^]*\r\n0\r\n/);
  t.match(client.received, /content-type: text\/event-stream/i);
});

t.test('work goes on after the answer, and says so in the log', async (t) => {
  const answer = await host.call('/events/?for=30', { method: 'POST' });
  t.match(answer, { status: 202, text: 'accepted\n' });
  await host.untilMetric(
    'faas_invocations_total{function="events",version="1",trigger="http",outcome="ok"}',
    2,
  );
  t.match(await host.logs('events'), '[stdout] worked for 30 ms after the response');
  const client = await host.connect(t);
  client.send('POST /events/?for=60 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  await client.until(/accepted/);
  client.socket.destroy();
  await host.untilMetric(
    'faas_invocations_total{function="events",version="1",trigger="http",outcome="ok"}',
    3,
  );
});

t.test('a client that leaves ends a guest that waits', async (t) => {
  const client = await host.connect(t);
  client.send('GET /events/?count=1000&every=20 HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.until(/event 2 of/);
  client.socket.destroy();
  await host.untilMetric(
    'faas_invocations_total{function="events",version="1",trigger="http",outcome="cancelled"}',
    1,
  );
});

t.test('a proxy streams both ways to hosts that it was granted', async (t) => {
  const server = createServer((request, response) => {
    response.setHeader('x-asked', `${request.method} ${request.url}`);
    // Two values of one name, and trailers: nothing of them may be lost on the way.
    response.setHeader('x-twice', ['one', 'two']);
    response.setHeader('trailer', 'x-after');
    response.addTrailers({ 'x-after': 'yes' });
    request.pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await host.deploy('denied', example('fetch-p3-rust'));
  t.match(await host.call(`/denied/?host=${origin}`), {
    status: 502,
    error: { code: 'guest_error_code', message: /HTTP-request-denied/ },
  });
  await host.deploy('proxy', example('fetch-p3-rust'), { allowedHosts: [origin] });
  const body = 'to the origin and back '.repeat(10_000);
  const answer = await host.call(`/proxy/a/path?host=${origin}`, { method: 'PUT', body });
  t.match(answer, { status: 200, text: body, headers: { 'x-asked': 'PUT /a/path' } });
  t.same(answer.headers['x-twice'], ['one', 'two']);
  const nobody = createServer();
  nobody.listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const gone = `127.0.0.1:${(nobody.address() as AddressInfo).port}`;
  await new Promise((resolve) => nobody.close(resolve));
  await host.deploy('proxy', example('fetch-p3-rust'), { allowedHosts: [gone] });
  t.match(await host.call(`/proxy/?host=${gone}`), {
    status: 502,
    error: { message: /connection-refused/ },
  });
});

t.test('who loses the instance to another invocation is told to try again', async (t) => {
  await host.deploy('shared', misbehave3(), { isolation: 'reuse' });
  const other = host.call('/shared/hold');
  while (!(await host.call('/shared/held')).text.startsWith('1 ')) await nextTurn();
  t.match(await host.call('/shared/trap'), { status: 500, error: { code: 'guest_trapped' } });
  t.match(await other, {
    status: 503,
    headers: { 'retry-after': '1' },
    error: { code: 'instance_lost' },
  });
  t.match(await host.call('/shared/calls'), { status: 200, text: '1\n' });
});

t.test('the host still serves', async (t) => {
  await assertAlive(t, host, [
    'denied',
    'echo-three',
    'echo-two',
    'events',
    'proxy',
    'shared',
    'three',
    'two',
  ]);
});

function pieces(texts: readonly string[]): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const text of texts) yield new TextEncoder().encode(text);
    },
  };
}
