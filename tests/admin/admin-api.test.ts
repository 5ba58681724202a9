import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { openHarness, send, type AdminHarness } from './harness.ts';

/** Sends bytes as they are and gives all that comes back. */
async function raw({ url }: AdminHarness, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.end(bytes);
  return text(socket);
}

/** Sends a request that names another host. */
async function namingHost(harness: AdminHarness, host: string): Promise<string> {
  const token = `authorization: Bearer ${harness.token}`;
  return raw(
    harness,
    `GET /v1/host HTTP/1.1\r\nhost: ${host}\r\n${token}\r\nconnection: close\r\n\r\n`,
  );
}

t.test('health and readiness', async (t) => {
  const { url, readiness } = await openHarness(t);
  t.same((await send(`${url}/healthz`, 'GET')).json, { status: 'ok' });
  t.same((await send(`${url}/readyz`, 'GET')).json, { status: 'ready' });
  readiness.ready = false;
  t.equal((await send(`${url}/healthz`, 'GET')).status, 200);
  t.match(await send(`${url}/readyz`, 'GET'), { status: 503, json: { code: 'not_ready' } });
});

t.test('/v1/host says what runs where', async (t) => {
  const harness = await openHarness(t);
  t.match((await harness.call('GET', '/v1/host')).json, {
    version: '0.0.0-test',
    node: process.versions.node,
    engine: 'none',
    dataUrl: 'http://127.0.0.1:8080',
    adminUrl: harness.url,
    dataDir: harness.dataDir,
    domain: 'localhost',
    functions: 0,
    limits: { artifactBytes: 64 * 1024 * 1024 },
  });
});

t.test('a name that is not this machine is refused, against DNS rebinding', async (t) => {
  const harness = await openHarness(t);
  const { port } = new URL(harness.url);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'LOCALHOST', `[::1]:${port}`]) {
    t.match(await namingHost(harness, host), /^HTTP\/1\.1 200 /, host);
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    '',
    'localhost.evil',
    '127.0.0.1@evil',
  ]) {
    const answer = await namingHost(harness, host);
    t.match(answer, /^HTTP\/1\.1 421 /, host);
    t.match(answer, 'bad_host_header');
  }
});

t.test('no answer allows another origin', async (t) => {
  const { url, token } = await openHarness(t);
  const headers = { origin: 'http://evil.example', authorization: `Bearer ${token}` };
  for (const method of ['GET', 'OPTIONS']) {
    const answer = await send(`${url}/v1/functions`, method, undefined, headers);
    t.notOk(
      [...answer.headers.keys()].some((name) => name.startsWith('access-control')),
      method,
    );
  }
});

t.test('an unknown path and a bad URL are coded', async (t) => {
  const { call } = await openHarness(t);
  t.match(await call('GET', '/v2/functions?x=1'), {
    status: 404,
    json: {
      code: 'unknown_path',
      message: 'Cannot find "GET /v2/functions": the admin API has no such path',
    },
  });
  t.match(await call('PATCH', '/v1/functions'), { status: 404, json: { code: 'unknown_path' } });
  t.match(await call('GET', '/v1/functions/%zz'), {
    status: 400,
    json: { code: 'invalid_request' },
  });
});

t.test('names that are none are refused, however they are written', async (t) => {
  const { call } = await openHarness(t);
  const names = [
    '..%2f..%2fetc',
    'a%2fb',
    'App',
    'app_1',
    '-app',
    'app-',
    'a%00b',
    'ä',
    'a'.repeat(64),
    '%20',
  ];
  for (const name of names) {
    for (const [method, path, body] of [
      ['GET', `/v1/functions/${name}`, undefined],
      ['DELETE', `/v1/functions/${name}`, undefined],
      ['GET', `/v1/functions/${name}/logs`, undefined],
      ['POST', `/v1/functions/${name}/versions`, {}],
      ['PUT', `/v1/functions/${name}/aliases/live`, { version: 1 }],
      ['POST', `/v1/functions/${name}/invoke`, undefined],
    ] as const) {
      const answer = await call(method, path, body);
      t.match(answer, { status: 400, json: { code: 'invalid_name' } }, `${method} ${path}`);
    }
  }
});

t.test('a name of two dots that no client has resolved is none either', async (t) => {
  const harness = await openHarness(t);
  const head = `host: localhost\r\nauthorization: Bearer ${harness.token}\r\nconnection: close`;
  for (const name of ['..', '%2e%2e', '%2E%2E%2Fapp']) {
    const answer = await raw(harness, `DELETE /v1/functions/${name} HTTP/1.1\r\n${head}\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 400 .*"invalid_name"/s, name);
  }
});

t.test('bytes that are no HTTP get a coded answer and the connection ends', async (t) => {
  const harness = await openHarness(t);
  const answer = await raw(harness, '\x16\x03\x01 hello\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 400 /);
  t.match(answer, '"code":"invalid_request"');
  t.equal((await harness.call('GET', '/v1/functions')).status, 200, 'and the API goes on');
});

t.test('JSON bodies are bounded in size and depth, and are JSON', async (t) => {
  const { call } = await openHarness(t);
  const json = { 'content-type': 'application/json' };
  const post = async (body: string): Promise<unknown> =>
    (await call('POST', '/v1/tokens', body, json)).json.code;
  t.equal(await post('{"name":'), 'invalid_request');
  t.equal(await post(''), 'invalid_request');
  t.equal(await post(`{"name":"${'x'.repeat(70_000)}"}`), 'admin_body_too_large');
  t.equal(await post('['.repeat(30_000)), 'invalid_request');
  t.equal(await post('{"__proto__":{"name":"x"}}'), 'invalid_request');
  const deep = await call('POST', '/v1/tokens', `{"a":${'['.repeat(20)}${']'.repeat(20)}}`, json);
  t.match(deep.json, { message: /nested over 16 deep/ });
  const string = await call(
    'POST',
    '/v1/tokens',
    JSON.stringify({ name: '[[[["'.repeat(9) }),
    json,
  );
  t.match(string.json, { message: /"name"/ }, 'brackets in a string are no nesting');
  const form = await call('POST', '/v1/tokens', 'name=x', { 'content-type': 'text/plain' });
  t.match(form, { status: 400, json: { code: 'invalid_request' } });
});

t.test('a request id is taken over, or made', async (t) => {
  const { call } = await openHarness(t);
  const given = await call('GET', '/v1/host', undefined, { 'x-request-id': 'mine-1' });
  t.equal(given.headers.get('x-request-id'), 'mine-1');
  t.match((await call('GET', '/v1/host')).headers.get('x-request-id'), /^[0-9a-f]{32}$/);
});

t.test('a port that is taken is a coded error', async (t) => {
  const first = await openHarness(t);
  const { host } = new URL(first.url);
  await t.rejects(openHarness(t, { admin: host }, `${t.testdir({})}/second`), {
    code: 'listen_failed',
    message: `Cannot listen on "${host}": another process listens there`,
  });
});

t.test('close() ends answers without end, and may be called again', async (t) => {
  const harness = await openHarness(t);
  await harness.deploy('app');
  const { end } = await follow(harness, t);
  await Promise.all([harness.close(), harness.close(), end]);
  await t.rejects(send(`${harness.url}/healthz`, 'GET'));
});

/** Begins to follow a log; `end` resolves with all of the answer. */
async function follow(
  { url, token }: AdminHarness,
  t: Test,
): Promise<{ readonly end: Promise<string> }> {
  const call = request(`${url}/v1/functions/app/logs?follow=true`, {
    headers: { authorization: `Bearer ${token}` },
  }).end();
  const [answer] = await once(call, 'response');
  t.equal(answer.statusCode, 200);
  return { end: text(answer) };
}
