/** HTTP from the client's socket to a real guest and back: methods, streams, trailers, and clients that misbehave. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, METHODS, type IncomingMessage } from 'node:http';
import t from 'tap';
import { example, misbehave } from '../guests/guests.ts';
import { liveBufferBytes } from './live-bytes.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const MIB = 2 ** 20;
const CHUNK_BYTES = MIB / 4;

let host: RunningHost;

t.before(async () => {
  const http = { headerBytes: 4096, headersTimeoutMs: 400, requestTimeoutMs: 900 };
  host = await openRunningHost(t, { config: { http } });
  await deployCanary(host);
  await host.deploy('echo', example('echo-rust'));
  await host.deploy('hello', example('hello-rust'));
  await host.deploy('bad', misbehave());
  await host.deploy('upper', example('upper-c'));
});

t.test('a guest is told every method', async (t) => {
  for (const method of METHODS.filter((name) => name !== 'CONNECT')) {
    const client = await host.connect(t);
    client.send(
      `${method} /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`,
    );
    const text = await client.closed();
    const isSeen =
      // In chunks if the guest was interrupted between its head and its body.
      method === 'GET'
        ? text.includes('"method": "GET"')
        : /\r\n(\r\n|4\r\n)body(\r\n0\r\n\r\n)?$/.test(text);
    t.ok(
      text.startsWith('HTTP/1.1 200 ') && (isSeen || method === 'HEAD'),
      `${method}: ${text.slice(0, 80)}`,
    );
  }
  const tunnel = await host.connect(t);
  const refused = await tunnel.send('CONNECT echo:80 HTTP/1.1\r\nHost: h\r\n\r\n').closed();
  t.match(refused, /^HTTP\/1\.1 501 [^]*connect_refused/);
  await assertAlive(t, host, ['bad', 'echo', 'hello', 'upper']);
});

t.test('HEAD has the header of GET and no body, from every kind of guest', async (t) => {
  for (const name of ['hello', 'upper', 'echo']) {
    const client = await host.connect(t);
    client.send(
      `HEAD /${name}/ HTTP/1.1\r\nHost: h\r\n\r\nGET /hello/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    );
    const text = await client.closed();
    const [head, next] = text.split('HTTP/1.1 200 OK\r\n').slice(1);
    t.match(head, /\r\n\r\n$/, `${name}: nothing comes after the head`);
    t.match(next, /Hello from Rust\n$/, 'and the next answer is in its place');
  }
});

t.test('100 Continue comes when the guest reads, and not to those it does not read', async (t) => {
  const head =
    'HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n';
  const reader = await host.connect(t);
  reader.send(`POST /echo/ ${head}`);
  await reader.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  reader.send('hello');
  t.match(await reader.closed(), /HTTP\/1\.1 200 OK[^]*hello/);
  const ignored = await host.connect(t);
  const text = await ignored.send(`POST /bad/never-read ${head}`).closed();
  // A guest that is interrupted between head and body is answered in chunks.
  t.match(text, /^HTTP\/1\.1 200 OK[^]*did not read the body\n(?:\r\n0\r\n\r\n)?$/);
});

t.test('trailers go to the guest and come back', async (t) => {
  const client = await host.connect(t);
  client.send(
    'POST /echo/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n' +
      '4\r\nbody\r\n0\r\nX-Sum: 42\r\nHost: evil\r\n\r\n',
  );
  const text = await client.until(/0\r\n[^]*\r\n\r\n$/);
  t.match(text, /4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n$/);
  const sent = await host.call('/bad/trailers');
  t.match(sent, {
    text: 'trailers follow\n',
    trailers: { 'x-checksum': '0123abcd', 'x-parts': '1' },
  });
});

t.test('pipelined requests on one connection are answered in order', async (t) => {
  const client = await host.connect(t);
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
  client.send(get('/bad/sleep?ms=120') + get('/hello/') + get('/no-such/') + get('/upper/x'));
  const text = await client.until(/GET \/X/);
  t.match(text, /slept \d+ ms[^]*Hello from Rust[^]*unknown_function[^]*GET \/X/);
  client.send(
    `POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nagain`,
  );
  t.match(await client.closed(), /again/);
});

t.test(
  'a failed guest does not cost its client the connection, if all of its request was read',
  async (t) => {
    const client = await host.connect(t);
    client.send(
      'GET /bad/panic HTTP/1.1\r\nHost: h\r\n\r\nGET /hello/ HTTP/1.1\r\nHost: h\r\n\r\n',
    );
    t.match(await client.until(/Hello/), /^HTTP\/1\.1 500 [^]*HTTP\/1\.1 200 OK[^]*Hello/);
  },
);

/** Echoes bytes that are made and checked as they go. @returns Digests of what was sent and received. */
async function echo(bytes: number, path: string): Promise<readonly [string, string]> {
  const request = httpRequest(host.dataUrl + path, { method: 'POST' });
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  const sending = (async () => {
    for (let left = bytes; left > 0; left -= CHUNK_BYTES) {
      const chunk = randomBytes(CHUNK_BYTES);
      sent.update(chunk);
      if (!request.write(chunk)) await once(request, 'drain');
    }
    request.end();
  })();
  const [response] = await answered;
  for await (const chunk of response) received.update(chunk as Buffer);
  await sending;
  return [sent.digest('hex'), received.digest('hex')];
}

t.test('10 MB are echoed byte for byte', async (t) => {
  for (const path of ['/echo/', '/bad/echo-splice']) {
    const [sent, received] = await echo(10 * MIB, path);
    t.equal(received, sent, path);
  }
});

t.test('a client that sends and does not read is held up, and loses nothing', async (t) => {
  const client = await host.connect(t);
  client.socket.pause();
  client.send('POST /echo/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = Buffer.alloc(MIB, 'y');
  const heldBytes = liveBufferBytes();
  let sent = 0;
  // Buffers of the system take some megabytes; then somebody has to wait, and it is the client.
  while (sent < 64 * MIB) {
    client.socket.write(`${piece.length.toString(16)}\r\n`);
    client.socket.write(piece);
    const isTaken = client.socket.write('\r\n');
    sent += piece.length;
    if (isTaken) continue;
    const drained = once(client.socket, 'drain').then(() => true);
    const stalled = host.call('/bad/sleep?ms=150').then(() => false);
    if (!(await Promise.race([drained, stalled]))) break;
  }
  t.ok(sent < 64 * MIB, `stalled after ${sent} bytes`);
  const grownBytes = liveBufferBytes() - heldBytes;
  t.ok(grownBytes < 16 * MIB, `the host holds a part of it, not ${grownBytes} bytes`);
  client.socket.destroy();
  await host.untilMetric('faas_instances{function="echo",state="running"}', 0);
  await assertAlive(t, host, ['bad', 'echo', 'hello', 'upper']);
});

t.test('a client that sends its header byte by byte is told 408', async (t) => {
  const client = await host.connect(t);
  const timer = setInterval(() => client.socket.write('a'), 50);
  t.teardown(() => clearInterval(timer));
  client.send('GET /hello/ HTTP/1.1\r\nHost: h\r\nX-Slow: ');
  const text = await client.closed();
  clearInterval(timer);
  t.match(text, /^HTTP\/1\.1 408 [^]*"code":"request_incomplete"/);
  await assertAlive(t, host, ['bad', 'echo', 'hello', 'upper']);
});

t.test(
  'a client that sends its body byte by byte holds a guest no longer than a request may take',
  async (t) => {
    const client = await host.connect(t);
    client.send('POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n');
    const timer = setInterval(() => client.socket.write('a'), 50);
    t.teardown(() => clearInterval(timer));
    await client.closed();
    clearInterval(timer);
    await host.untilMetric('faas_instances{function="echo",state="running"}', 0);
    await assertAlive(t, host, ['bad', 'echo', 'hello', 'upper']);
  },
);

const GARBAGE: Readonly<Record<string, readonly [bytes: string, status: RegExp]>> = {
  'a TLS greeting': [
    '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    /^HTTP\/1\.1 400 [^]*malformed_request/,
  ],
  'an SSH greeting': ['SSH-2.0-OpenSSH_9.2\r\n', /^HTTP\/1\.1 400 [^]*malformed_request/],
  'an HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 (400|505) [^]*"code"/],
  zeros: ['\0'.repeat(1000), /^HTTP\/1\.1 400 [^]*malformed_request/],
  'no host': ['GET /hello/ HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 [^]*no Host/],
  'two hosts': ['GET /hello/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', /^HTTP\/1\.1 400 [^]*"code"/],
  'two lengths': [
    'POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    /^HTTP\/1\.1 400 [^]*"code"/,
  ],
  'length and chunks': [
    'POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 [^]*"code"/,
  ],
  'a header that is too large': [
    `GET /hello/ HTTP/1.1\r\nHost: h\r\nX-Large: ${'x'.repeat(5000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 [^]*"code":"header_too_large"[^]*4096 bytes/,
  ],
  'a path that is too long': [
    `GET /hello/${'x'.repeat(5000)} HTTP/1.1\r\nHost: h\r\n\r\n`,
    /^HTTP\/1\.1 (431|414) [^]*"code":"header_too_large"/,
  ],
  'an unknown expectation': [
    'POST /echo/ HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\na',
    /^HTTP\/1\.1 417 [^]*"code":"unknown_expectation"/,
  ],
};
for (const [what, [bytes, status]] of Object.entries(GARBAGE)) {
  t.test(`${what} on the port gets a coded answer and the end of the connection`, async (t) => {
    const client = await host.connect(t);
    const text = await client.send(bytes).closed();
    t.match(text, status);
    t.equal(text.split('HTTP/1.1 ').length, 2, 'one answer, whatever came behind it');
    await assertAlive(t, host, ['bad', 'echo', 'hello', 'upper']);
  });
}

t.test('a closing host finishes what it has begun', async (t) => {
  const closing = await openRunningHost(t);
  await closing.deploy('bad', misbehave());
  const running = closing.call('/bad/sleep?ms=500');
  await closing.untilMetric('faas_instances{function="bad",state="running"}', 1);
  const idle = await closing.connect(t);
  const [answer] = await Promise.all([running, closing.closeHost(), idle.closed()]);
  t.match(answer, { status: 200, text: /^slept/ });
});
