import { once } from 'node:events';
import { constants, type ClientHttp2Stream } from 'node:http2';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import {
  OK,
  answer,
  describeRequest,
  gone,
  nextTurns,
  readAll,
  writeAll,
  type Behaviour,
} from './test-plane.ts';
import { ask, openSession, openTlsPlane, readAnswer } from './tls-plane.ts';

const hello: Behaviour = async (_request, responder) => answer(responder, 'hello');

t.test('a function sees a request of HTTP/2 as one of HTTP/1.1', async (t) => {
  const tls = await openTlsPlane(t, describeRequest);
  const session = await openSession(t, tls);
  const { status, headers, text } = await ask(session, {
    ':path': '/app/a/%2e%2e//b?q=%20',
    'x-multi': ['1', '\xe9'],
    cookie: ['a=1', 'b=2'],
    te: 'trailers',
    'x-forwarded-for': '6.6.6.6',
    'x-request-id': 'a'.repeat(32),
  });
  t.equal(status, 200);
  t.equal(headers['x-request-id'], 'a'.repeat(32));
  t.type(headers.date, 'string');
  const seen = JSON.parse(text) as Record<string, unknown>;
  t.match(seen, {
    method: 'GET',
    scheme: 'https',
    authority: `localhost:${tls.port}`,
    pathWithQuery: '/a/%2e%2e//b?q=%20',
    clientAddress: '127.0.0.1',
    pathPrefix: '/app',
  });
  t.same(seen['headers'], [
    ['x-multi', '1'],
    ['x-multi', '\xe9'],
    ['cookie', 'a=1; b=2'],
    ['host', `localhost:${tls.port}`],
    ['x-request-id', 'a'.repeat(32)],
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-host', `localhost:${tls.port}`],
    ['x-forwarded-prefix', '/app'],
  ]);
});

t.test('a trusted proxy says what it was asked in, else it is what it speaks', async (t) => {
  const tls = await openTlsPlane(t, describeRequest, { trustedProxies: ['127.0.0.1'] });
  const session = await openSession(t, tls);
  const schemeOf = async (headers: Record<string, string>): Promise<unknown> =>
    (JSON.parse((await ask(session, headers)).text) as { scheme: string }).scheme;
  t.equal(await schemeOf({ 'x-forwarded-proto': 'http' }), 'http');
  t.equal(await schemeOf({ 'x-forwarded-proto': 'https' }), 'https');
  t.equal(await schemeOf({}), 'https');
});

t.test('a hundred requests are served at once on one connection', async (t) => {
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  const tls = await openTlsPlane(t, async (request, responder) => {
    waiting += 1;
    if (waiting === 100) all.resolve();
    await all.promise;
    return answer(responder, request.pathWithQuery);
  });
  const session = await openSession(t, tls);
  t.equal(session.remoteSettings.maxConcurrentStreams, 100);
  const paths = Array.from({ length: 100 }, (_, index) => `/app/${index}`);
  const answers = await Promise.all(paths.map((path) => ask(session, { ':path': path })));
  t.same(
    answers.map(({ text }) => `/app${text}`),
    paths,
  );
});

t.test('a streamed body goes in and out with back-pressure', async (t) => {
  let mostPending = 0;
  const tls = await openTlsPlane(t, async (request, responder) => {
    const sink = responder.begin(200, []);
    for (;;) {
      const taken = request.body.take(10_000);
      if (taken === 'end') break;
      if (taken === undefined) await request.body.ready();
      else await writeAll(sink, taken);
      mostPending = Math.max(mostPending, sink.pending);
    }
    responder.end(undefined);
    return OK;
  });
  const session = await openSession(t, tls);
  const bytes = Buffer.alloc(2_000_000, 'abcdefg');
  const echoed = await ask(session, { ':method': 'POST' }, bytes);
  t.equal(echoed.text, bytes.toString());
  t.ok(mostPending <= 64 * 1024, `at most 64 KiB wait, not ${mostPending}`);
});

t.test('a reader that stops makes its guest wait, and nobody else', async (t) => {
  let written = 0;
  const stalled = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const tls = await openTlsPlane(t, async (request, responder, context) => {
    if (request.pathWithQuery === '/quick') return answer(responder, 'quick');
    const sink = responder.begin(200, []);
    while (sink.failure === undefined) {
      if (sink.capacity === 0) {
        const timer = setTimeout(() => stalled.resolve(), 100);
        await sink.ready();
        clearTimeout(timer);
        continue;
      }
      written += sink.capacity;
      sink.write(new Uint8Array(sink.capacity));
    }
    ended.resolve([sink.failure, context.caller.isGone]);
    return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
  });
  const session = await openSession(t, tls);
  const slow = session.request({ ':path': '/app/slow' });
  slow.on('error', () => {});
  await once(slow, 'response');
  await stalled.promise;
  t.ok(written < 1_000_000, `${written} bytes were written`);
  t.equal((await ask(session, { ':path': '/app/quick' })).text, 'quick');
  slow.close(constants.NGHTTP2_CANCEL);
  t.same(await ended.promise, ['closed', true]);
  t.equal((await ask(session, { ':path': '/app/quick' })).text, 'quick', 'the session goes on');
});

t.test('a guest that does not read makes its client wait', async (t) => {
  const mayRead = Promise.withResolvers<void>();
  const tls = await openTlsPlane(t, async (request, responder) => {
    if (request.pathWithQuery === '/quick') return answer(responder, 'quick');
    request.body.take(1);
    await mayRead.promise;
    return answer(responder, String((await readAll(request.body)).byteLength));
  });
  const session = await openSession(t, tls);
  const upload = session.request({ ':method': 'POST', ':path': '/app/' });
  const total = 5_000_000;
  upload.end(Buffer.alloc(total));
  t.equal((await ask(session, { ':path': '/app/quick' })).text, 'quick', 'others are served');
  t.equal(upload.state.localWindowSize, 65_535);
  t.notOk(upload.writableFinished, 'the client could not send all of it');
  mayRead.resolve();
  t.match((await readAnswer(upload)).text, /^(4999999|5000000)$/);
});

t.test('trailers go both ways', async (t) => {
  const tls = await openTlsPlane(t, async (request, responder) => {
    const sink = responder.begin(200, [['trailer', Buffer.from('x-sum')]]);
    await writeAll(sink, await readAll(request.body));
    const trailers = (await request.trailers()) ?? [];
    responder.end([
      ...trailers,
      ['x-sum', Buffer.from('42')],
      ['content-length', Buffer.from('9')],
    ]);
    return OK;
  });
  const session = await openSession(t, tls);
  const stream = session.request(
    { ':method': 'POST', ':path': '/app/' },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-in': 'yes', 'x-forwarded-for': 'no' }));
  stream.end('abc');
  const { headers, text, trailers } = await readAnswer(stream);
  t.equal(headers['trailer'], 'x-sum');
  t.equal(text, 'abc');
  t.same(Object.fromEntries(Object.entries(trailers)), { 'x-in': 'yes', 'x-sum': '42' });
});

t.test('HEAD and answers without a body have none', async (t) => {
  const tls = await openTlsPlane(t, async (request, responder) => {
    const status = Number(request.pathWithQuery.slice(1));
    const sink = responder.begin(status, [
      ['connection', Buffer.from('close')],
      ['keep-alive', Buffer.from('timeout=5')],
      ['transfer-encoding', Buffer.from('chunked')],
    ]);
    await nextTurns();
    sink.write(Buffer.from('body'));
    responder.end(undefined);
    return OK;
  });
  const session = await openSession(t, tls);
  for (const [method, status, text] of [
    ['GET', 200, 'body'],
    ['HEAD', 200, ''],
    ['GET', 204, ''],
    ['GET', 205, ''],
    ['GET', 304, ''],
    ['HEAD', 404, ''],
  ] as const) {
    const got = await ask(session, { ':method': method, ':path': `/app/${status}` });
    t.match(got, { status, text }, `${method} ${status}`);
    t.notMatch(Object.keys(got.headers).join(), /connection|keep-alive|transfer-encoding/);
  }
});

t.test('100 Continue is sent when the guest first asks for the body', async (t) => {
  const mayRead = Promise.withResolvers<void>();
  const tls = await openTlsPlane(t, async (request, responder) => {
    await mayRead.promise;
    return answer(responder, (await readAll(request.body)).toString());
  });
  const session = await openSession(t, tls);
  const stream = session.request({ ':method': 'POST', ':path': '/app/', expect: '100-continue' });
  let isAsked = false;
  stream.on('continue', () => {
    t.ok(isAsked);
    stream.end('hi');
  });
  await new Promise((resolve) => session.ping(resolve));
  isAsked = true;
  mayRead.resolve();
  t.match(await readAnswer(stream), { status: 200, text: 'hi' });
});

t.test('the reset of one stream cancels one invocation', async (t) => {
  const cancelled: string[] = [];
  const mayEnd = Promise.withResolvers<void>();
  const oneGone = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let running = 0;
  const tls = await openTlsPlane(t, async (request, responder, context) => {
    running += 1;
    if (running === 3) started.resolve();
    await Promise.race([mayEnd.promise, gone(context)]);
    if (!context.caller.isGone) return answer(responder, 'whole');
    cancelled.push(request.pathWithQuery);
    oneGone.resolve();
    return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
  });
  const session = await openSession(t, tls);
  const streams = ['0', '1', '2'].map((path) => session.request({ ':path': `/app/${path}` }));
  const answers = streams.map((stream) => readAnswer(stream));
  await started.promise;
  streams[1]?.close(constants.NGHTTP2_CANCEL);
  await t.rejects(async () => answers[1]);
  await oneGone.promise;
  mayEnd.resolve();
  t.equal((await answers[0])?.text, 'whole');
  t.equal((await answers[2])?.text, 'whole');
  t.same(cancelled, ['/1']);
});

t.test('an answer that breaks off resets its stream alone', async (t) => {
  const tls = await openTlsPlane(t, async (request, responder) => {
    if (request.pathWithQuery === '/quick') return answer(responder, 'quick');
    const sink = responder.begin(200, []);
    sink.write(Buffer.from('half'));
    await nextTurns();
    return { outcome: 'trap', error: new HostError('internal_error', { reason: 'test' }) };
  });
  const session = await openSession(t, tls);
  await t.rejects(ask(session), { message: 'reset with code 2' });
  t.equal((await ask(session, { ':path': '/app/quick' })).text, 'quick');
});

t.test('bodies that nobody reads are thrown away up to a bound', async (t) => {
  const tls = await openTlsPlane(t, async (_request, responder) => answer(responder, 'done'));
  const session = await openSession(t, tls);
  t.equal((await ask(session, { ':method': 'POST' }, Buffer.alloc(500_000))).text, 'done');
  const large = session.request({ ':method': 'POST', ':path': '/app/' });
  let sent = 0;
  const pump = (): void => {
    while (!large.destroyed && large.write(Buffer.alloc(64 * 1024))) sent += 64 * 1024;
  };
  large.on('drain', pump);
  pump();
  t.equal((await readAnswer(large)).text, 'done', 'it had its answer, and then no more was taken');
  t.ok(sent < 20_000_000, `${sent} bytes were sent`);
  t.equal((await ask(session)).text, 'done');
});

t.test('what cannot be served is a coded answer, and the session goes on', async (t) => {
  const tls = await openTlsPlane(t, hello, { http: { headerBytes: 2048 } });
  const session = await openSession(t, tls);
  const cases: readonly [headers: Record<string, string>, status: number, code: string][] = [
    [{ 'x-large': 'x'.repeat(2500) }, 431, 'header_too_large'],
    [{ ':path': `/app/${'x'.repeat(2500)}` }, 431, 'header_too_large'],
    [{ ':path': '/nope' }, 404, 'unknown_function'],
    [{ ':method': 'BREW' }, 400, 'malformed_request'],
    [{ ':path': '/app/\xe9' }, 400, 'malformed_request'],
    [{ ':authority': 'a', host: 'b' }, 400, 'malformed_request'],
    [{ expect: 'cake' }, 417, 'unknown_expectation'],
  ];
  for (const [headers, status, code] of cases) {
    const got = await ask(session, headers);
    const label = JSON.stringify(headers).slice(0, 60);
    t.equal(got.status, status, label);
    const { error } = JSON.parse(got.text) as { error: Record<string, unknown> };
    t.equal(error['code'], code, label);
    t.equal(got.headers['x-request-id'], error['requestId']);
  }
  const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'h:443' });
  t.match(await readAnswer(tunnel), { status: 501, text: /connect_refused/ });
  await t.rejects(ask(session, { ':authority': 'a@b' }), 'nghttp2 refuses it');
  await t.rejects(ask(session, { 'x-large': 'x'.repeat(5000) }), 'not even read');
  t.equal((await ask(session)).text, 'hello');
});

t.test('a client that sends its body too slowly gets 408', async (t) => {
  const tls = await openTlsPlane(
    t,
    async (request) => {
      while (request.body.take(1) !== 'end') await request.body.ready();
      return { outcome: 'ok' };
    },
    { http: { requestTimeoutMs: 100 } },
  );
  const session = await openSession(t, tls);
  const stream: ClientHttp2Stream = session.request({ ':method': 'POST', ':path': '/app/' });
  stream.write('a');
  const { status, text } = await readAnswer(stream);
  t.equal(status, 408);
  t.match(text, /request_incomplete/);
});
