import { once } from 'node:events';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { silentLog, type Log } from '../../host/logs/log.ts';
import { createCertificate, type TestCertificate } from './test-certificate.ts';
import { RawClient, answer, describeRequest, jsonBody, openPlane } from './test-plane.ts';
import { ask, openSession, openTlsPlane, readAnswer, writePair } from './tls-plane.ts';

/** A log whose messages can be waited for. */
function createLog(): { log: Log; until: (pattern: RegExp) => Promise<string> } {
  const lines: string[] = [];
  let wake = (): void => {};
  const note = (_fields: unknown, message: string): void => {
    lines.push(message);
    wake();
  };
  const log = Object.assign(Object.create(silentLog) as Log, {
    error: note,
    warn: note,
    info: note,
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { log, until };
}

/** The name of the certificate that a new connection is shown. */
async function shownName(t: Test, port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** Waits until new connections are shown a certificate of this name. */
async function untilShown(t: Test, port: number, name: string): Promise<void> {
  while ((await shownName(t, port)) !== name) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function fetchHttps(options: RequestOptions): Promise<{ text: string; version: string }> {
  const request = httpsRequest({ host: 'localhost', path: '/app/', ...options });
  request.end();
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += String(piece);
  return { text, version: response.httpVersion };
}

t.test('HTTP/1.1 and HTTP/2 are served on one port, by ALPN', async (t) => {
  const tls = await openTlsPlane(t, describeRequest);
  const { text, version } = await fetchHttps({ port: tls.port, ca: tls.certificate.cert });
  t.equal(version, '1.1');
  const seen = JSON.parse(text) as { scheme: string; headers: string[][] };
  t.equal(seen.scheme, 'https');
  t.match(seen.headers.find(([name]) => name === 'x-forwarded-proto')?.[1], 'https');
  t.match(await ask(await openSession(t, tls)), { status: 200, text: /"scheme":"https"/ });
  const old = connectTls({
    port: tls.port,
    host: '127.0.0.1',
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
  });
  await t.rejects(once(old, 'secureConnect'), 'TLS 1.1 is too old');
});

t.test('the limits of HTTP/1.1 hold under TLS', async (t) => {
  const tls = await openTlsPlane(t, describeRequest, {
    http: { headersTimeoutMs: 150, headerBytes: 2048, connections: 3 },
  });
  const open = async (): Promise<RawClient> => {
    const socket = connectTls({ port: tls.port, host: '127.0.0.1', rejectUnauthorized: false });
    t.teardown(() => socket.destroy());
    const client = new RawClient(socket);
    await once(socket, 'secureConnect');
    return client;
  };
  const slow = await open();
  slow.send('GET /app/ HTTP/1.1\r\nHost: h\r\nA:');
  const text = await slow.closed();
  t.match(text, /^HTTP\/1\.1 408 /);
  t.match(jsonBody(text), { error: { code: 'request_incomplete' } });
  const large = await open();
  large.send(`GET /app/ HTTP/1.1\r\nHost: h\r\nA: ${'x'.repeat(3000)}\r\n\r\n`);
  t.match(await large.closed(), /^HTTP\/1\.1 431 /);
  // Handshakes that are never finished count as connections, and are let go.
  const silent = await Promise.all(
    [1, 2, 3].map(async () => {
      const socket = connectPlain({ port: tls.port, host: '127.0.0.1' });
      t.teardown(() => socket.destroy());
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    }),
  );
  await t.rejects(open(), 'above http.connections');
  for (const socket of silent) if (!socket.closed) await once(socket, 'close');
  t.match(await (await open()).send('GARBAGE\r\n\r\n').closed(), /^HTTP\/1\.1 400 /);
  const plain = connectPlain({ port: tls.port, host: '127.0.0.1' });
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await once(plain, 'close');
});

t.test('files that are no usable pair are refused at start, by name', async (t) => {
  const good = createCertificate();
  const other = createCertificate();
  const directory = t.testdir();
  const { cert, key } = await writePair(directory, good);
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  const otherKey = await write('other.pem', other.key);
  const junk = await write('junk.pem', 'no PEM at all');
  const broken = await write('broken.pem', `${good.cert}-----BEGIN CERTIFICATE-----\nAA`);
  const missing = join(directory, 'missing.pem');
  const start = (tls: { cert?: string; key?: string }): Promise<unknown> =>
    openPlane(t, describeRequest, { tls: tls as { cert: string; key: string } });
  await t.rejects(start({ cert }), { code: 'invalid_setting', message: /"tls\.key"/ });
  await t.rejects(start({ key }), { code: 'invalid_setting', message: /"tls\.cert"/ });
  for (const [tls, reason] of [
    [{ cert, key: otherKey }, /other\.pem" for TLS: it is not the key of the certificate/],
    [{ cert: junk, key }, /certificate ".*junk\.pem" for TLS: it is not PEM/],
    [{ cert, key: junk }, /key ".*junk\.pem" for TLS: it is not PEM/],
    [{ cert: broken, key }, /certificate ".*broken\.pem" for TLS: /],
    [{ cert: missing, key }, /missing\.pem" for TLS: it does not exist/],
    [{ cert, key: directory }, /it is a directory/],
  ] as const) {
    await t.rejects(start(tls), { code: 'tls_unusable', message: reason });
  }
});

t.test('a new pair is used for new connections, and no request fails', async (t) => {
  const { log, until } = createLog();
  const tls = await openTlsPlane(t, describeRequest, {}, log);
  const open = await openSession(t, tls);
  const done = new AbortController();
  let served = 0;
  const load = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const session = await openSession(t, tls, { rejectUnauthorized: false });
      for (let count = 0; count < 5; count += 1) {
        t.equal((await ask(session)).status, 200);
        served += 1;
      }
      session.close();
    }
  };
  const clients = [load(), load()];
  for (const name of ['second', 'third']) {
    await writePair(join(tls.files.cert, '..'), createCertificate(name));
    await untilShown(t, tls.port, name);
  }
  done.abort();
  await Promise.all(clients);
  t.ok(served > 10);
  t.equal((await ask(open)).status, 200, 'connections from before stay');
  await until(/new certificate/);
});

t.test('a pair that does not fit is told once, and the one from before stays', async (t) => {
  const { log, until } = createLog();
  const tls = await openTlsPlane(t, describeRequest, {}, log);
  const next = createCertificate('next');
  await writeFile(tls.files.cert, next.cert);
  await until(/cannot be used/);
  t.equal(await shownName(t, tls.port), 'test');
  await writeFile(tls.files.key, next.key);
  await untilShown(t, tls.port, 'next');
});

t.test('a link that is put in place of another is followed', async (t) => {
  const base = t.testdir();
  const put = async (directory: string, pair: TestCertificate): Promise<void> => {
    await mkdir(join(base, directory));
    await writePair(join(base, directory), pair);
    await symlink(directory, join(base, 'data.new'));
    await rename(join(base, 'data.new'), join(base, 'data'));
  };
  // As Kubernetes does it: the files are links through a link, and only that one changes.
  await put('one', createCertificate('one'));
  await symlink('data/cert.pem', join(base, 'cert.pem'));
  await symlink('data/key.pem', join(base, 'key.pem'));
  const files = { cert: join(base, 'cert.pem'), key: join(base, 'key.pem') };
  const plane = await openPlane(t, describeRequest, { tls: files });
  t.equal(await shownName(t, plane.address.port), 'one');
  await put('two', createCertificate('two'));
  await rm(join(base, 'one'), { recursive: true });
  await untilShown(t, plane.address.port, 'two');
});

t.test('a certificate that has ended is used and told of', async (t) => {
  const { log, until } = createLog();
  const files = await writePair(t.testdir(), createCertificate('old', Date.now() - 1000));
  const plane = await openPlane(t, describeRequest, { tls: files }, log);
  await until(/has ended/);
  t.equal(await shownName(t, plane.address.port), 'old');
});

t.test('close() lets streams under way finish, and loses none that is on its way', async (t) => {
  const mayEnd = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const tls = await openTlsPlane(t, async (request, responder) => {
    if (request.pathWithQuery === '/slow') {
      started.resolve();
      await mayEnd.promise;
    }
    return answer(responder, 'whole');
  });
  const busy = await openSession(t, tls);
  const idle = await openSession(t, tls);
  const slow = readAnswer(busy.request({ ':path': '/app/slow' }));
  await started.promise;
  const idleClosed = once(idle, 'close');
  // The client cannot know yet that the host is closing.
  const late = readAnswer(idle.request({ ':path': '/app/' }));
  const closing = tls.plane.close(5000);
  t.equal((await late).text, 'whole');
  await idleClosed;
  mayEnd.resolve();
  t.equal((await slow).text, 'whole');
  await once(busy, 'close');
  await closing;
});

t.test('close() ends what takes longer than its grace', async (t) => {
  const started = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const tls = await openTlsPlane(t, async (_request, _responder, { caller }) => {
    caller.onGone = cancelled.resolve;
    started.resolve();
    await cancelled.promise;
    return { outcome: 'cancelled' };
  });
  const session = await openSession(t, tls);
  const stream = readAnswer(session.request({ ':path': '/app/' }));
  await started.promise;
  const [, result] = await Promise.all([tls.plane.close(50), stream.catch(() => 'cut off')]);
  t.equal(result, 'cut off');
  await cancelled.promise;
});
