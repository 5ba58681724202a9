import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { FrameClient, data, frame, headers, reset } from './http2-frames.ts';
import { answer, gone, readAll, type Behaviour } from './test-plane.ts';
import { ask, openSession, openTlsPlane } from './tls-plane.ts';

const hello: Behaviour = async (_request, responder) => answer(responder, 'hello');
const CANCEL = 8;

t.test(
  'a reset amid a body does not pass for its end, not even one without an error',
  async (t) => {
    const failures: string[] = [];
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const failed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const tls = await openTlsPlane(t, async (request) => {
      const index = Number(request.pathWithQuery.slice(1));
      request.body.take(1);
      begun[index]?.resolve();
      await readAll(request.body).catch((error: Error) => failures.push(error.message));
      failed[index]?.resolve();
      return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
    });
    const client = await FrameClient.open(t, tls.port);
    for (const [index, code] of [0, CANCEL].entries()) {
      const stream = index * 2 + 1;
      client.send(headers(stream, { ':method': 'POST', ':path': `/app/${index}` }, false));
      client.send(data(stream, 'half'));
      await begun[index]?.promise;
      client.send(reset(stream, code));
      await failed[index]?.promise;
    }
    t.same(failures, Array(2).fill('the client has closed the connection'));
  },
);

t.test('streams that are opened and reset again and again end the connection', async (t) => {
  let running = 0;
  let most = 0;
  let started = 0;
  const tls = await openTlsPlane(t, async (_request, _responder, context) => {
    started += 1;
    running += 1;
    most = Math.max(most, running);
    await gone(context);
    running -= 1;
    return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
  });
  const client = await FrameClient.open(t, tls.port);
  let stream = 1;
  while (!client.socket.destroyed && stream < 20_000) {
    const burst: Buffer[] = [];
    for (let count = 0; count < 50; count += 1) {
      burst.push(headers(stream), reset(stream, CANCEL));
      stream += 2;
    }
    client.send(...burst);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.closed();
  t.ok(stream < 20_000, `ended after ${stream} streams`);
  t.ok(started <= 1100, `${started} invocations were begun`);
  t.ok(most <= 100, `${most} at once`);
  t.equal((await ask(await openSession(t, tls), { ':path': '/nope' })).status, 404, 'it serves on');
});

t.test('floods of pings and settings end the connection', async (t) => {
  const tls = await openTlsPlane(t, hello);
  for (const [type, payload] of [
    ['ping', Buffer.alloc(8)],
    ['settings', Buffer.alloc(0)],
  ] as const) {
    const client = await FrameClient.open(t, tls.port);
    let sent = 0;
    while (!client.socket.destroyed && sent < 100_000) {
      client.send(...Array.from({ length: 100 }, () => frame(type, 0, payload)));
      sent += 100;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.closed();
    t.ok(sent < 100_000, `${type}: ended after ${sent}`);
  }
});

t.test('empty frames without end end the connection', async (t) => {
  const tls = await openTlsPlane(t, async (request, responder) => {
    await readAll(request.body);
    return answer(responder, 'read');
  });
  const client = await FrameClient.open(t, tls.port);
  client.send(headers(1, { ':method': 'POST' }, false));
  let sent = 0;
  while (!client.socket.destroyed && sent < 100_000) {
    client.send(...Array.from({ length: 100 }, () => data(1, '')));
    sent += 100;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.closed();
  t.ok(sent < 100_000, `ended after ${sent}`);
});

t.test('requests beyond those at once are refused, and may be sent again', async (t) => {
  const mayEnd = Promise.withResolvers<void>();
  let running = 0;
  const tls = await openTlsPlane(t, async (_request, responder) => {
    running += 1;
    await mayEnd.promise;
    return answer(responder, 'whole');
  });
  const client = await FrameClient.open(t, tls.port);
  client.send(...Array.from({ length: 101 }, (_, index) => headers(index * 2 + 1)));
  const refused = await client.until('reset');
  t.equal(refused?.stream, 201);
  t.equal(refused?.payload.readUInt32BE(), 7, 'REFUSED_STREAM');
  t.equal(running, 100);
  mayEnd.resolve();
});

t.test('a client that asks for nothing, or no more, is let go', async (t) => {
  const tls = await openTlsPlane(t, hello, {
    http: { headersTimeoutMs: 100, keepAliveTimeoutMs: 150 },
  });
  const silent = await FrameClient.open(t, tls.port);
  t.equal((await silent.until('goaway'))?.payload.readUInt32BE(4), 0, 'NO_ERROR');
  await silent.closed();
  const session = await openSession(t, tls);
  t.equal((await ask(session)).text, 'hello');
  await new Promise((resolve) => session.once('close', resolve));
});

t.test('what is no HTTP/2 ends its connection alone', async (t) => {
  const tls = await openTlsPlane(t, async (request, responder) => {
    const isClean = request.headers.every(([name]) => name !== 'x-line' && name !== 'b');
    return answer(responder, isClean ? 'hello' : 'injected');
  });
  const session = await openSession(t, tls);
  const client = await FrameClient.open(t, tls.port);
  client.send(Buffer.from('GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(10)));
  await client.closed();
  const malformed: readonly Record<string, string>[] = [
    { connection: 'close' },
    { 'transfer-encoding': 'chunked' },
    { 'X-Upper': '1' },
    { ':path': '' },
    { ':unknown': 'x' },
    { 'content-length': '5' },
  ];
  for (const fields of malformed) {
    const other = await FrameClient.open(t, tls.port);
    other.send(headers(1, fields));
    const got = await other.until('reset', 'goaway', 'headers');
    t.equal(got?.type, 3, JSON.stringify(fields));
    other.socket.destroy();
  }
  const splitter = await FrameClient.open(t, tls.port);
  splitter.send(headers(1, { 'x-line': 'a\r\nb: c' }));
  const body = await splitter.until('data');
  t.equal(body?.payload.toString(), 'hello', 'a field with a line break is dropped');
  t.equal((await ask(session)).text, 'hello');
});
