import { once } from 'node:events';
import { request as httpRequest, METHODS } from 'node:http';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import {
  OK,
  RawClient,
  answer,
  describeRequest,
  gone,
  jsonBody,
  openPlane,
  readAll,
  writeAll,
} from './test-plane.ts';

const GET = 'GET /app/ HTTP/1.1\r\nHost: h\r\n';

t.test('a request reaches the function with its prefix removed', async (t) => {
  const plane = await openPlane(t, describeRequest);
  const client = await RawClient.open(t, plane);
  client.send(
    'GET /app/a/%2e%2e//b?q=%20 HTTP/1.1\r\nHost: Host:8080\r\nX-Multi: 1\r\nx-multi: \xe9\r\n\r\n',
  );
  const text = await client.until(/\}$/);
  t.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(text, /\r\nx-request-id: [0-9a-f]{32}\r\n/);
  const seen = jsonBody(text);
  t.match(seen, {
    method: 'GET',
    scheme: 'http',
    authority: 'Host:8080',
    pathWithQuery: '/a/%2e%2e//b?q=%20',
    clientAddress: '127.0.0.1',
    pathPrefix: '/app',
  });
  t.same(seen['headers'], [
    ['x-multi', '1'],
    ['x-multi', '\xe9'],
    ['host', 'Host:8080'],
    ['x-request-id', seen['requestId']],
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-proto', 'http'],
    ['x-forwarded-host', 'Host:8080'],
    ['x-forwarded-prefix', '/app'],
  ]);
});

t.test('every method that Node knows reaches the function', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
    const body = await readAll(request.body);
    return answer(responder, '', { 'x-method': request.method, 'x-body': body.toString() });
  });
  const client = await RawClient.open(t, plane);
  for (const method of METHODS.filter((name) => name !== 'CONNECT')) {
    client.send(
      `${method} /app/ HTTP/1.1\r\nHost: h\r\nContent-Type: ///\r\nContent-Length: 2\r\n\r\n{x`,
    );
    const text = await client.until(new RegExp(`x-method: ${method}\r\nx-body: {x\r\n`));
    t.ok(text, method);
  }
});

t.test('a streamed body goes in and out with back-pressure', async (t) => {
  let mostPending = 0;
  const plane = await openPlane(t, async (request, responder) => {
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
  const bytes = Buffer.alloc(5_000_000);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = (index * 31) % 251;
  const response = await fetch(`http://127.0.0.1:${plane.address.port}/app/`, {
    method: 'POST',
    body: new Blob([bytes]).stream(),
    duplex: 'half',
  });
  const echoed = Buffer.from(await response.arrayBuffer());
  t.ok(echoed.equals(bytes));
  t.ok(mostPending <= 64 * 1024, `at most 64 KiB wait, not ${mostPending}`);
});

t.test(
  'a client that does not read makes the guest wait, and one that leaves is noticed',
  async (t) => {
    let written = 0;
    const stalled = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const plane = await openPlane(t, async (_request, responder, context) => {
      const sink = responder.begin(200, []);
      while (sink.failure === undefined) {
        if (sink.capacity === 0) {
          const wait = sink.ready();
          // Loop-back sockets take some megabytes; then nothing moves for a while.
          const timer = setTimeout(() => stalled.resolve(), 200);
          await wait;
          clearTimeout(timer);
          continue;
        }
        written += sink.capacity;
        sink.write(new Uint8Array(sink.capacity));
      }
      ended.resolve([sink.failure, context.caller.isGone]);
      return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
    });
    const client = await RawClient.open(t, plane);
    client.send(`${GET}\r\n`);
    await client.until(/200 OK/);
    client.socket.pause();
    await stalled.promise;
    t.ok(written < 50_000_000, `${written} bytes were written`);
    client.socket.destroy();
    t.same(await ended.promise, ['closed', true]);
  },
);

t.test('a guest that does not read makes the client wait', async (t) => {
  const mayRead = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (request, responder) => {
    request.body.take(1);
    await mayRead.promise;
    const body = await readAll(request.body);
    return answer(responder, String(body.byteLength));
  });
  const client = await RawClient.open(t, plane);
  const total = 30_000_000;
  client.send(`POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: ${total}\r\n\r\n`);
  client.socket.write(Buffer.alloc(total));
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.ok(client.socket.writableLength > 0, 'the client could not send all of it');
  mayRead.resolve();
  const text = await client.until(/\r\n\r\n\d+$/);
  t.match(text, /\r\n\r\n(29999999|30000000)$/);
});

t.test('trailers go both ways', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
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
  const client = await RawClient.open(t, plane);
  client.send(
    'POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n0\r\nX-In: yes\r\nX-Forwarded-For: 6.6.6.6\r\nHost: evil\r\n\r\n',
  );
  const text = await client.until(/0\r\n[^]*\r\n\r\n$/);
  t.match(text, '\r\ntrailer: x-sum\r\n');
  t.match(text, /3\r\nabc\r\n0\r\nx-in: yes\r\nx-sum: 42\r\n\r\n$/);
});

t.test('100 Continue is sent when the guest first asks for the body', async (t) => {
  const mayRead = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (request, responder) => {
    if (request.pathWithQuery === '/refuse') {
      return { outcome: 'guest_error', error: new HostError('request_too_large', { limit: 1 }) };
    }
    await mayRead.promise;
    return answer(responder, (await readAll(request.body)).toString());
  });
  const head = 'HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n';
  const client = await RawClient.open(t, plane);
  client.send(`POST /app/ ${head}`);
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(client.received, '', 'nobody has asked');
  mayRead.resolve();
  t.equal(await client.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('hi');
  t.match(await client.until(/hi$/), /200 OK/);

  const refused = await RawClient.open(t, plane);
  refused.send(`POST /app/refuse ${head}`);
  const text = await refused.closed();
  t.match(text, /^HTTP\/1\.1 413 /, 'no 100 before it');
  t.match(text, /\r\nConnection: close\r\n/);
  t.match(jsonBody(text), { error: { code: 'request_too_large' } });
});

t.test('pipelined requests are answered in order', async (t) => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const plane = await openPlane(t, async (request, responder) => {
    const index = Number(request.pathWithQuery.slice(1));
    await gates[index]?.promise;
    return answer(responder, `answer ${index};`);
  });
  const client = await RawClient.open(t, plane);
  for (const index of [0, 1, 2]) client.send(`GET /app/${index} HTTP/1.1\r\nHost: h\r\n\r\n`);
  gates[1]?.resolve();
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(client.received, '');
  gates[0]?.resolve();
  t.match(await client.until(/answer 2;$/), /answer 0;[^]*answer 1;[^]*answer 2;$/);
});

t.test('a pipelined request is cancelled when its client leaves', async (t) => {
  const aborted: string[] = [];
  const both = Promise.withResolvers<void>();
  let started = 0;
  const all = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (request, _responder, context) => {
    started += 1;
    if (started === 2) both.resolve();
    await gone(context);
    aborted.push(request.pathWithQuery);
    if (aborted.length === 2) all.resolve();
    return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
  });
  const client = await RawClient.open(t, plane);
  client.send('GET /app/0 HTTP/1.1\r\nHost: h\r\n\r\nGET /app/1 HTTP/1.1\r\nHost: h\r\n\r\n');
  await both.promise;
  client.socket.destroy();
  await all.promise;
  t.same(aborted.sort(), ['/0', '/1']);
});

t.test('a client that leaves amid its body ends the source', async (t) => {
  const failure = Promise.withResolvers<unknown>();
  const plane = await openPlane(t, async (request) => {
    await readAll(request.body).catch((error: Error) => failure.resolve(error.message));
    return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
  });
  const client = await RawClient.open(t, plane);
  client.send('POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf');
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.socket.destroy();
  t.type(await failure.promise, 'string');
});

t.test('what no function is deployed for is a coded 404', async (t) => {
  const plane = await openPlane(t, describeRequest);
  const client = await RawClient.open(t, plane);
  client.send('GET /nope/x HTTP/1.1\r\nHost: h\r\n\r\n');
  const text = await client.until(/\}\}$/);
  t.match(text, /^HTTP\/1\.1 404 /);
  t.match(jsonBody(text), { error: { code: 'unknown_function', message: /"nope"/ } });
  client.send('GET /%ff HTTP/1.1\r\nHost: gone.localhost\r\n\r\n');
  t.match(jsonBody(await client.until(/gone[^]*\}\}$/)), { error: { code: 'unknown_function' } });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  t.match(jsonBody(await client.until(/no_route[^]*\}\}$/)), { error: { code: 'no_route' } });
});

t.test('bodies that nobody reads are thrown away up to a bound', async (t) => {
  const plane = await openPlane(t, async (_request, responder) => answer(responder, 'done'));
  const client = await RawClient.open(t, plane);
  const small = 500_000;
  client.send(`POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: ${small}\r\n\r\n`);
  client.socket.write(Buffer.alloc(small));
  await client.until(/done$/);
  client.send('GET /app/ HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.until(/done[^]*done$/);
  const large = 50_000_000;
  client.send(`POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: ${large}\r\n\r\n`);
  client.socket.write(Buffer.alloc(large));
  await client.closed();
  t.equal(client.received.split('done').length, 4, 'it had its answer');
});

t.test('close() lets requests under way finish and says that the connection closes', async (t) => {
  const started = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (_request, responder) => {
    started.resolve();
    await mayEnd.promise;
    return answer(responder, 'finished');
  });
  const idle = await RawClient.open(t, plane);
  const busy = await RawClient.open(t, plane);
  busy.send(`${GET}\r\n`);
  await started.promise;
  const closing = plane.close(5000);
  await idle.closed();
  t.equal(idle.ending, 'end');
  const late = httpRequest({ port: plane.address.port, host: '127.0.0.1', path: '/app/' });
  const [refused] = (await once(late.end(), 'error')) as [NodeJS.ErrnoException];
  t.equal(refused.code, 'ECONNREFUSED');
  mayEnd.resolve();
  t.match(await busy.closed(), /\r\nConnection: close\r\n[^]*finished$/);
  await closing;
  await plane.close();
});

t.test('close() ends what takes longer than its grace', async (t) => {
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (_request, _responder, context) => {
    started.resolve();
    await gone(context);
    aborted.resolve();
    return { outcome: 'cancelled', error: new HostError('client_gone', { name: 'app' }) };
  });
  const client = await RawClient.open(t, plane);
  client.send(`${GET}\r\n`);
  await started.promise;
  await plane.close(20);
  await aborted.promise;
  await client.closed();
});
