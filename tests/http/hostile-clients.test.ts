import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import {
  RawClient,
  answer,
  describeRequest,
  gone,
  jsonBody,
  openPlane,
  type Behaviour,
} from './test-plane.ts';

const hello: Behaviour = async (_request, responder) => answer(responder, 'hello');

t.test('what is no request gets a coded answer, and its connection is closed', async (t) => {
  const plane = await openPlane(t, describeRequest, { http: { headerBytes: 2048 } });
  const chunked = 'POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:';
  const cases: readonly [sent: string, status: number, code: string][] = [
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'malformed_request'],
    ['GARBAGE\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/ HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/ HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/ HTTP/1.1\r\nHost: a@b\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/#x HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/\xe9 HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'malformed_request'],
    ['GET * HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'malformed_request'],
    ['GET ftp://h/app/ HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'malformed_request'],
    ['GET http://u:p@h/app/ HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/ HTTP/1.1\r\nHost: h\r\nA: b\x00c\r\n\r\n', 400, 'malformed_request'],
    ['GET /app/ HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n', 400, 'malformed_request'],
    ['POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n', 400, 'malformed_request'],
    [`${chunked} chunked\r\nContent-Length: 3\r\n\r\n`, 400, 'malformed_request'],
    [`${chunked} gzip, chunked\r\n\r\n`, 501, 'unknown_transfer_coding'],
    [`GET /app/ HTTP/1.1\r\nHost: h\r\nA: ${'x'.repeat(3000)}\r\n\r\n`, 431, 'header_too_large'],
    [`GET /app/${'x'.repeat(3000)} HTTP/1.1\r\nHost: h\r\n\r\n`, 431, 'header_too_large'],
    ['GET /app/ HTTP/1.1\r\nHost: h\r\nExpect: cake\r\n\r\n', 417, 'unknown_expectation'],
    ['CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n', 501, 'connect_refused'],
    [
      'GET /app/ HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      501,
      'upgrade_refused',
    ],
  ];
  for (const [sent, status, code] of cases) {
    const client = await RawClient.open(t, plane);
    const text = await client.send(sent).closed();
    const label = sent.slice(0, 60);
    t.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), label);
    t.match(text, /\r\nconnection: close\r\n/i, label);
    t.match(text, /\r\ncontent-type: application\/json\r\n/, label);
    const { error } = jsonBody(text) as { error: Record<string, unknown> };
    t.equal(error['code'], code, label);
    t.match(error['requestId'], /^[0-9a-f]{32}$/);
  }
  t.equal((await fetch(`http://127.0.0.1:${plane.address.port}/app/`)).status, 200, 'it serves on');
});

t.test('an offer of cleartext HTTP/2 is answered with HTTP/1.1', async (t) => {
  const plane = await openPlane(t, describeRequest);
  const client = await RawClient.open(t, plane);
  client.send(
    'GET /app/ HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n' +
      'Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n',
  );
  const text = await client.until(/\}$/);
  t.match(text, /^HTTP\/1\.1 200 /);
  t.notMatch(text, /h2c|AAMA/);
});

t.test('OPTIONS * asks about the server, absolute targets go before Host', async (t) => {
  const plane = await openPlane(t, describeRequest);
  const client = await RawClient.open(t, plane);
  client.send('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n');
  t.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 204 /);
  client.send('GET http://app.localhost:8080?q HTTP/1.1\r\nHost: other\r\n\r\n');
  const seen = jsonBody(await client.until(/\}$/));
  t.equal(seen['authority'], 'app.localhost:8080');
  t.equal(seen['pathWithQuery'], '/?q');
  t.match(seen['headers'], [['host', 'app.localhost:8080']]);
});

t.test('HTTP/1.0 needs no Host', async (t) => {
  const plane = await openPlane(t, hello);
  const client = await RawClient.open(t, plane);
  const text = await client.send('GET /app/ HTTP/1.0\r\n\r\n').closed();
  t.match(text, /200 OK[^]*content-length: 5\r\n[^]*hello$/);
});

t.test('garbage after a request is told after the answer to it', async (t) => {
  const mayEnd = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (_request, responder) => {
    await mayEnd.promise;
    return answer(responder, 'first');
  });
  const client = await RawClient.open(t, plane);
  client.send('GET /app/ HTTP/1.1\r\nHost: h\r\n\r\nGARBAGE\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(client.received, '');
  mayEnd.resolve();
  const text = await client.closed();
  t.match(text, /^HTTP\/1\.1 200 [^]*firstHTTP\/1\.1 400 /);
});

t.test('garbage in a chunked body ends its request', async (t) => {
  const aborted = Promise.withResolvers<unknown>();
  const plane = await openPlane(t, async (_request, _responder, context) => {
    await gone(context);
    aborted.resolve(undefined);
    return { outcome: 'cancelled' };
  });
  const client = await RawClient.open(t, plane);
  client.send('POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  client.send('NOT A CHUNK\r\n');
  const text = await client.closed();
  t.match(text, /^HTTP\/1\.1 400 /);
  t.equal(text.split('HTTP/1.1').length, 2, 'one answer');
  await aborted.promise;
});

t.test('a client that sends its header too slowly gets 408', async (t) => {
  const plane = await openPlane(t, hello, { http: { headersTimeoutMs: 150 } });
  const silent = await RawClient.open(t, plane);
  const slow = await RawClient.open(t, plane);
  slow.send('GET /app/ HTTP/1.1\r\nHost: h\r\nA:');
  const drip = setInterval(() => slow.send('a'), 20);
  const text = await slow.closed();
  clearInterval(drip);
  t.match(text, /^HTTP\/1\.1 408 /);
  t.match(jsonBody(text), { error: { code: 'request_incomplete' } });
  await silent.closed();
});

t.test('a client that sends its body too slowly is cut off', async (t) => {
  const plane = await openPlane(
    t,
    async (request) => {
      while (request.body.take(1) !== 'end') await request.body.ready();
      return { outcome: 'ok' };
    },
    { http: { headersTimeoutMs: 100, requestTimeoutMs: 200 } },
  );
  const client = await RawClient.open(t, plane);
  client.send('POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n');
  const text = await client.closed();
  t.match(text, /^HTTP\/1\.1 408 /);
});

t.test('an idle connection is closed after its time', async (t) => {
  // Node waits a second longer, so that a request on its way is not lost.
  const plane = await openPlane(t, hello, { http: { keepAliveTimeoutMs: 10 } });
  const client = await RawClient.open(t, plane);
  client.send('GET /app/ HTTP/1.1\r\nHost: h\r\n\r\n');
  t.match(await client.closed(), /hello$/);
});

t.test('connections above the limit are closed at once', async (t) => {
  const plane = await openPlane(t, hello, { http: { connections: 2 } });
  const first = await RawClient.open(t, plane);
  const second = await RawClient.open(t, plane);
  const third = await RawClient.open(t, plane);
  await third.closed();
  for (const client of [first, second]) {
    client.send('GET /app/ HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until(/hello$/);
  }
});

t.test('a body of single bytes in chunks arrives whole', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
    let bytes = 0;
    for (;;) {
      const taken = request.body.take(3);
      if (taken === 'end') break;
      if (taken === undefined) await request.body.ready();
      else bytes += taken.byteLength;
    }
    return answer(responder, `${bytes} bytes`);
  });
  const client = await RawClient.open(t, plane);
  client.send('POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
  client.send(`${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`);
  await client.until(/50000 bytes$/);
});

t.test('many connections that come and go leave nothing behind', async (t) => {
  const plane = await openPlane(t, hello);
  for (let round = 0; round < 50; round += 1) {
    const sockets = Array.from({ length: 10 }, () =>
      connect({ port: plane.address.port, host: '127.0.0.1' }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.write('GET /app/ HTTP/1.1\r\nHo');
      socket.resetAndDestroy();
    }
  }
  const client = await RawClient.open(t, plane);
  await client.send('GET /app/ HTTP/1.1\r\nHost: h\r\n\r\n').until(/hello$/);
});
