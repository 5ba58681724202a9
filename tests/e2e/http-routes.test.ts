/** Which function a request reaches, and what it is told about the way: the whole chain, with real guests. */
import t from 'tap';
import { example, misbehave } from '../guests/guests.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

let host: RunningHost;

// Three functions that show the path they see, each in its own way.
t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  await host.deploy('echo', example('echo-rust'), { routes: ['api.example.com/*'] });
  await host.deploy('upper', example('upper-c'), {
    routes: ['api.example.com/v1/*', '*.wild.example/*'],
  });
  await host.deploy('deeds', misbehave(), { routes: ['api.example.com/v1/exact'] });
});

/** Sends a GET with any path; undici would normalise it. @returns The function and the path it saw. */
async function ask(authority: string, path: string): Promise<string> {
  const client = await host.connect(t);
  client.send(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`);
  const text = await client.closed();
  const sent = text.slice(text.indexOf('\r\n\r\n') + 4);
  // In chunks if the guest was interrupted between its head and its body: every other line is text then.
  const isChunked = /\r\ntransfer-encoding: chunked\r\n/i.test(text);
  const lines = sent.split('\r\n');
  const body = isChunked ? lines.filter((_, index) => index % 2 === 1).join('') : sent;
  const status = text.slice(9, 12);
  const deed = /^no deed "(.*)"\n$/.exec(body);
  if (deed !== null) return `deeds ${deed[1]}`;
  if (body.startsWith('GET /')) return `upper ${body.slice(4).trim()}`;
  if (status !== '200') return `${status} ${/"code":"(\w+)"/.exec(body)?.[1]}`;
  return `echo ${(JSON.parse(body) as { path: string }).path}`;
}

const ROUTES: readonly (readonly [host: string, path: string, seen: string])[] = [
  // The prefix is removed, and nothing else is changed.
  ['h', '/echo/', 'echo /'],
  ['h', '/echo', 'echo /'],
  ['h', '/echo?a=1', 'echo /?a=1'],
  ['h', '/echo/a//b/../c?x=%20#no', '400 malformed_request'],
  ['h', '/echo/a//b/../c?x=%20', 'echo /a//b/../c?x=%20'],
  ['h', '/deeds/deeds/', 'deeds /deeds/'],
  // A host of its own keeps the path.
  ['echo.localhost', '/a/b?c', 'echo /a/b?c'],
  ['ECHO.LocalHost.:8080', '/a', 'echo /a'],
  ['echo.localhost', '/upper/', 'echo /upper/'],
  ['nobody.localhost', '/echo/', '404 unknown_function'],
  ['a.echo.localhost', '/deeds/x', 'deeds /x'],
  // Routes come first, the exact host before the wildcard, the longest path before a shorter one.
  ['api.example.com', '/v2/x', 'echo /v2/x'],
  ['api.example.com:443', '/v1/x', 'upper /V1/X'],
  ['api.example.com', '/v1/exact', 'deeds /v1/exact'],
  ['api.example.com', '/v1/exactly', 'upper /V1/EXACTLY'],
  ['api.example.com', '/v1', 'echo /v1'],
  ['a.b.wild.example', '/x', 'upper /X'],
  ['wild.example', '/upper/x', 'upper /X'],
  // Nothing is decoded or normalised on the way.
  ['h', '/%65cho/', '404 unknown_function'],
  ['h', '/echo/../upper/', 'echo /../upper/'],
  ['h', '//echo/', '404 no_route'],
  ['h', '/', '404 no_route'],
  ['h', '/Echo/', '404 unknown_function'],
  ['h', '/__proto__/', '404 unknown_function'],
  ['h', '/constructor/', '404 unknown_function'],
];

t.test('a request reaches the function of its host and path', async (t) => {
  for (const [authority, path, seen] of ROUTES) {
    t.equal(await ask(authority, path), seen, `${authority}${path}`);
  }
  await assertAlive(t, host, ['deeds', 'echo', 'upper']);
});

t.test('no function takes the host that belongs to another', async (t) => {
  const routes = ['echo.localhost/special/*'];
  t.match(await host.refusal('thief', example('hello-rust'), { routes }), {
    code: 'invalid_route',
    status: 400,
    message: /belongs to the function "echo"/,
  });
});

t.test('unknown functions are 404s with a code, and make no series of metrics', async (t) => {
  for (let index = 0; index < 20; index += 1) {
    const answer = await host.call(`/no-such-${index}/`);
    t.match(answer, { status: 404, error: { code: 'unknown_function' } });
  }
  const series = [...(await host.metrics()).keys()].join('\n');
  t.notMatch(series, /no-such|nobody|__proto__/);
});

/** Header fields as the function saw them. */
async function fields(path: string, headers: Record<string, string>): Promise<Map<string, string>> {
  const { text } = await host.call(path, { headers });
  return new Map((JSON.parse(text) as { headers: [string, string][] }).headers);
}

t.test('a function sees who asks and how, and nothing that a stranger claims', async (t) => {
  const claims = {
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-prefix': '/evil',
    forwarded: 'for=6.6.6.6',
    'x-real-ip': '6.6.6.6',
    'x-custom': 'kept',
  };
  const seen = await fields('/echo/a', claims);
  t.equal(seen.get('x-forwarded-for'), '127.0.0.1');
  t.equal(seen.get('x-forwarded-proto'), 'http');
  t.equal(seen.get('x-forwarded-prefix'), '/echo');
  t.notMatch(seen.get('x-forwarded-host') ?? '', 'evil');
  t.notOk(seen.has('forwarded') || seen.has('x-real-ip'));
  t.equal(seen.get('x-custom'), 'kept');
  t.notOk((await fields('/a', { host: 'echo.localhost' })).has('x-forwarded-prefix'));
});

t.test('a trusted proxy is believed', async (t) => {
  const trusting = await openRunningHost(t, { config: { trustedProxies: ['127.0.0.0/8'] } });
  await trusting.deploy('echo', example('echo-rust'));
  const { text } = await trusting.call('/echo/', {
    headers: {
      'x-forwarded-for': '9.9.9.9, 203.0.113.7, 127.0.0.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example.com',
      'x-forwarded-prefix': '/outer',
    },
  });
  const seen = JSON.parse(text) as { scheme: string; headers: [string, string][] };
  const headers = new Map(seen.headers);
  t.equal(seen.scheme, 'https');
  t.equal(headers.get('x-forwarded-for'), '203.0.113.7, 127.0.0.9, 127.0.0.1');
  t.equal(headers.get('x-forwarded-host'), 'app.example.com');
  t.equal(headers.get('x-forwarded-prefix'), '/outer/echo');
});

t.test('request id and trace context go through, or are made', async (t) => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const taken = await host.call('/echo/', {
    headers: { 'x-request-id': 'my-id.1', traceparent: trace, tracestate: 'a=b' },
  });
  t.equal(taken.headers['x-request-id'], 'my-id.1');
  const seen = new Map((JSON.parse(taken.text) as { headers: [string, string][] }).headers);
  t.equal(seen.get('x-request-id'), 'my-id.1');
  t.equal(seen.get('traceparent'), trace);
  t.equal(seen.get('tracestate'), 'a=b');
  const made = await host.call('/echo/', {
    headers: { 'x-request-id': 'a b"<', traceparent: 'no' },
  });
  t.match(made.headers['x-request-id'], /^[0-9a-f]{32}$/);
  t.notOk(made.text.includes('traceparent'));
  await host.call('/deeds/unreachable', { headers: { 'x-request-id': 'find-me' } });
  const path = '/v1/functions/deeds/logs?request=find-me';
  let lines = 0;
  for await (const _ of host.api.lines({ method: 'GET', path })) lines += 1;
  t.ok(lines > 0, 'log lines are found by it');
});
