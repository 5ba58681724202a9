import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { OK, RawClient, answer, jsonBody, nextTurns, openPlane, writeAll } from './test-plane.ts';

const GET = 'GET /app/ HTTP/1.1\r\nHost: h\r\n';

t.test('a response that is complete at once has its length, a later one is chunked', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
    const sink = responder.begin(200, []);
    sink.write(Buffer.from('one '));
    if (request.pathWithQuery === '/late') await nextTurns();
    sink.write(Buffer.from('two'));
    responder.end(undefined);
    return OK;
  });
  const client = await RawClient.open(t, plane);
  client.send(`${GET}\r\n`);
  t.match(await client.until(/two$/), /content-length: 7\r\n[^]*\r\n\r\none two$/);
  client.send('GET /app/late HTTP/1.1\r\nHost: h\r\n\r\n');
  t.match(await client.until(/0\r\n\r\n$/), /\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n$/);
});

t.test('a head reaches the client before the body is there', async (t) => {
  const mayEnd = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (_request, responder) => {
    responder.begin(201, [['x-early', Buffer.from('1')]]);
    await mayEnd.promise;
    responder.end(undefined);
    return OK;
  });
  const client = await RawClient.open(t, plane);
  client.send(`${GET}\r\n`);
  t.match(await client.until(/x-early: 1[^]*\r\n\r\n/), /^HTTP\/1\.1 201 Created/);
  mayEnd.resolve();
  await client.until(/0\r\n\r\n$/);
});

t.test('responses to HEAD, 204 and 304 have no body on the wire', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
    const status = Number(request.pathWithQuery.slice(1));
    return answer(responder, 'body', {}, status);
  });
  const client = await RawClient.open(t, plane);
  client.send('HEAD /app/200 HTTP/1.1\r\nHost: h\r\n\r\n');
  t.match(await client.until(/\r\n\r\n/), /content-length: 4\r\n/, 'the length GET would have');
  client.send('GET /app/204 HTTP/1.1\r\nHost: h\r\n\r\n');
  client.send('GET /app/304 HTTP/1.1\r\nHost: h\r\n\r\n');
  client.send('GET /app/200 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  const text = await client.closed();
  t.equal(text.split('HTTP/1.1 ').length, 5);
  t.equal(text.split('body').length, 2, 'only GET has one');
  // The status lines: a request id may hold any digits.
  t.notMatch(text, /1\.1 204 [^]*content-length[^]*1\.1 304 /);
});

t.test('an aborted response can be told from a complete one', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
    const fields =
      request.pathWithQuery === '/length' ? [['content-length', Buffer.from('9')] as const] : [];
    const sink = responder.begin(200, fields);
    await writeAll(sink, Buffer.from('part'));
    await nextTurns();
    responder.abort('test');
    return { outcome: 'trap', error: new HostError('guest_trapped', { name: 'app', reason: 'x' }) };
  });
  const chunked = await RawClient.open(t, plane);
  const text = await chunked.send(`${GET}\r\n`).closed();
  t.match(text, /4\r\npart\r\n$/, 'no last chunk');
  const sized = await RawClient.open(t, plane);
  t.match(await sized.send('GET /app/length HTTP/1.1\r\nHost: h\r\n\r\n').closed(), /part$/);
  const old = await RawClient.open(t, plane);
  await old.send('GET /app/ HTTP/1.0\r\n\r\n').closed();
  t.equal(old.ending, 'ECONNRESET', 'a body that ends with the connection is reset');
});

t.test('a response that fails before it has left is answered with its error', async (t) => {
  const plane = await openPlane(t, async (_request, responder) => {
    responder.begin(200, []).write(Buffer.from('never seen'));
    responder.abort('test');
    return { outcome: 'trap', error: new HostError('guest_trapped', { name: 'app', reason: 'x' }) };
  });
  const client = await RawClient.open(t, plane);
  const text = await client.send(`${GET}\r\n`).until(/\}\}$/);
  t.match(text, /^HTTP\/1\.1 500 /);
  t.notMatch(text, 'never seen');
  t.match(text, /\r\ncontent-type: application\/json\r\n/);
  t.match(text, /\r\ncache-control: no-store\r\n/);
  const { error } = jsonBody(text) as { error: Record<string, unknown> };
  t.equal(error['code'], 'guest_trapped');
  t.equal(error['requestId'], /x-request-id: (\w+)/.exec(text)?.[1]);
  t.notOk('fix' in error, 'how to mend a function is for its owner');
});

t.test('a pipelined response that breaks lets the one before it finish', async (t) => {
  const gate = Promise.withResolvers<void>();
  const plane = await openPlane(t, async (request, responder) => {
    if (request.pathWithQuery === '/0') {
      await gate.promise;
      return answer(responder, 'whole');
    }
    const sink = responder.begin(200, []);
    sink.write(Buffer.from('part'));
    await nextTurns();
    responder.abort('test');
    gate.resolve();
    return { outcome: 'trap', error: new HostError('guest_trapped', { name: 'app', reason: 'x' }) };
  });
  const client = await RawClient.open(t, plane);
  client.send('GET /app/0 HTTP/1.1\r\nHost: h\r\n\r\nGET /app/1 HTTP/1.1\r\nHost: h\r\n\r\n');
  const text = await client.closed();
  t.match(text, /whole/);
  t.notMatch(text, /0\r\n\r\n$/);
});

t.test('results without a response become coded answers', async (t) => {
  const results = {
    '/busy': {
      outcome: 'overloaded',
      error: new HostError('overloaded', { name: 'app', concurrency: 1, queue: 0 }),
      retryAfterSeconds: 3,
    },
    '/timeout': {
      outcome: 'timeout',
      error: new HostError('invocation_timeout', { name: 'app', limit: 5 }),
    },
    '/silent': OK,
    '/secret': {
      outcome: 'host_error',
      error: new HostError('internal_error', { reason: '/etc/secret' }),
    },
  } as const;
  const plane = await openPlane(t, async (request) => {
    if (request.pathWithQuery === '/throw') throw new Error('/etc/secret');
    return results[request.pathWithQuery as keyof typeof results];
  });
  const get = async (path: string): Promise<[Response, Record<string, unknown>]> => {
    const response = await fetch(`http://127.0.0.1:${plane.address.port}/app${path}`);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    t.equal(response.headers.get('x-request-id'), error['requestId']);
    return [response, error];
  };
  const [busy, busyError] = await get('/busy');
  t.equal(busy.status, 503);
  t.equal(busy.headers.get('retry-after'), '3');
  t.equal(busyError['code'], 'overloaded');
  const [timeout] = await get('/timeout');
  t.equal(timeout.status, 504);
  for (const path of ['/silent', '/secret', '/throw']) {
    const [response, error] = await get(path);
    t.equal(response.status, 500, path);
    t.equal(error['code'], 'internal_error');
    t.notMatch(JSON.stringify(error), 'secret');
  }
});

t.test('what a guest’s response may not have is refused or left out', async (t) => {
  const plane = await openPlane(t, async (request, responder) => {
    const [status = '200', fields = '{}', body = 'text'] = decodeURIComponent(
      request.pathWithQuery.slice(1),
    ).split('|');
    answer(responder, body, JSON.parse(fields) as Record<string, string>, Number(status));
    return OK;
  });
  const call = async (spec: string): Promise<string> => {
    const client = await RawClient.open(t, plane);
    client.send(
      `GET /app/${encodeURIComponent(spec)} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    );
    return client.closed();
  };
  for (const spec of [
    '99',
    '101',
    '600',
    '200|{"a":"x\\r\\ny: z"}',
    '200|{"a b":"x"}',
    '200|{"content-length":"-1"}',
    '200|{"content-length":"3"}',
    '200|{"content-length":"5"}',
  ]) {
    const text = await call(spec);
    t.match(text, /^HTTP\/1\.1 502 /, spec);
    t.match(jsonBody(text), { error: { code: 'guest_bad_response' } });
  }
  const text = await call(
    '200|{"connection":"upgrade","transfer-encoding":"gzip","x-request-id":"mine","X-Upper":"\\u00e9","date":"then"}',
  );
  t.match(text, /^HTTP\/1\.1 200 /);
  t.notMatch(text, /upgrade|gzip|mine/);
  t.match(text, '\r\nx-upper: \xe9\r\n');
  t.match(text, '\r\ndate: then\r\n');
});

t.test('several values of a field stay several', async (t) => {
  const plane = await openPlane(t, async (_request, responder) => {
    const cookies = ['a=1', 'b=2'].map((value) => ['set-cookie', Buffer.from(value)] as const);
    responder.begin(200, cookies);
    responder.end(undefined);
    return OK;
  });
  const response = await fetch(`http://127.0.0.1:${plane.address.port}/app/`);
  t.same(response.headers.getSetCookie(), ['a=1', 'b=2']);
});

t.test('bodies of a declared length that is exceeded later break the connection', async (t) => {
  const plane = await openPlane(t, async (_request, responder) => {
    const sink = responder.begin(200, [['content-length', Buffer.from('4')]]);
    sink.write(Buffer.from('1234'));
    await nextTurns();
    sink.write(Buffer.from('HTTP/1.1 200 OK\r\nforged: yes\r\n\r\n'));
    t.type(sink.failure, HostError);
    responder.end(undefined);
    return OK;
  });
  const client = await RawClient.open(t, plane);
  const text = await client.send(`${GET}\r\n`).closed();
  t.notMatch(text, 'forged');
});
