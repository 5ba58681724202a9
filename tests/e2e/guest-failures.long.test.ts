/** Guests that fail, over HTTP: what the client gets, what the log says, and that the next request is served. */
import t from 'tap';
import { CATCHES, catchAll, type Catch } from '../guests/catch-all.ts';
import { misbehave, wat } from '../guests/guests.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  await host.deploy('bad', misbehave(), { limits: { timeoutMs: 5000 } });
});

/** A path of `misbehave`, and the coded answer it gets. */
const FAILURES: readonly (readonly [path: string, status: number, code: string, says: RegExp])[] = [
  ['/panic?text=boom', 500, 'guest_trapped', /trapped: unreachable/],
  ['/unreachable', 500, 'guest_trapped', /trapped: unreachable/],
  ['/recurse', 500, 'guest_trapped', /stack overflow|call stack/i],
  ['/recurse?of=memory', 500, 'guest_trapped', /out of bounds/],
  ['/stale-handle', 500, 'guest_broke_rule', /handle \d+ is not one/],
  ['/poll-nothing', 500, 'guest_broke_rule', /broke a rule of WASI: ./],
  ['/over-write', 500, 'guest_broke_rule', /broke a rule of WASI: ./],
  ['/no-response', 502, 'guest_no_response', /without setting a response/],
  ['/error-code', 502, 'guest_error_code', /internal-error \(the guest says so\)/],
  ['/error-code?code=loop-detected', 502, 'guest_error_code', /the error loop-detected/],
  ['/error-code?code=http-request-body-size', 502, 'guest_error_code', /HTTP-request-body-size/],
  ['/exit?code=3', 502, 'guest_exited', /exited with code 1/],
  ['/exit?code=0', 502, 'guest_exited', /exited with code 0/],
];

for (const [path, status, code, says] of FAILURES) {
  t.test(`a guest asked for ${path} is answered for with ${code}`, async (t) => {
    const answer = await host.call(`/bad${path}`, { headers: { 'x-request-id': `id${code}` } });
    t.equal(answer.status, status);
    t.match(answer.headers, { 'content-type': /^application\/json/, 'x-request-id': `id${code}` });
    t.match(answer.error, { code, requestId: `id${code}` });
    t.match(answer.error?.message, says);
    t.match(await host.logs('bad'), `${code}: Cannot `, 'the log says it too');
    await assertAlive(t, host, ['bad']);
  });
}

t.test('the log of a trap has what the guest printed and its wasm stack', async (t) => {
  await host.call('/bad/panic?text=a%20reason%20to%20die');
  const log = await host.logs('bad');
  t.match(log, /\[stderr\] .*panicked at /);
  t.match(log, /\[stderr\] a reason to die/);
  t.match(log, /\[host\] guest_trapped: /);
  t.match(log, /\[host\] +at \S.* \(0x[0-9a-f]+\)\n\[host\] +at /);
});

t.test('a guest that never asks for its body sends the response without one', async (t) => {
  t.match(await host.call('/bad/no-body'), { status: 200, text: '', error: undefined });
  t.match(await host.call('/bad/no-body?status=418'), { status: 418, text: '' });
  t.match(await host.call('/bad/no-body?status=204'), { status: 204, text: '' });
  await assertAlive(t, host, ['bad']);
});

t.test('a guest that sleeps for ever is answered for within its limit', async (t) => {
  await host.deploy('sleepy', misbehave(), { limits: { timeoutMs: 300 } });
  const startedMs = performance.now();
  const answer = await host.call('/sleepy/sleep-forever');
  const tookMs = performance.now() - startedMs;
  t.match(answer, { status: 504, error: { code: 'invocation_timeout' } });
  t.match(answer.error?.message, /"sleepy" took longer than 300 ms/);
  t.ok(tookMs >= 300 && tookMs < 3000, `${tookMs} ms`);
  await host.untilMetric('faas_instances{function="sleepy",state="running"}', 0);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/sleepy' });
  await assertAlive(t, host, ['bad']);
});

t.test('headers of a response cannot be changed once it is sent', async (t) => {
  const late = await host.call('/bad/late-headers?keep=1');
  t.match(late, { status: 200, text: /^request: immutable\n/ });
  t.notMatch(late.text, 'after set: accepted');
  await assertAlive(t, host, ['bad']);
});

t.test('a status that is none is refused, and the guest is told', async (t) => {
  for (const status of [0, 99, 600, 1000, 65_535]) {
    t.match(await host.call(`/bad/bad-status?status=${status}`), {
      status: 200,
      text: 'refused\n',
    });
  }
  t.match(await host.call('/bad/bad-status?status=599'), { status: 599, text: 'accepted\n' });
  await assertAlive(t, host, ['bad']);
});

const HEADERS: readonly (readonly [name: string, value: string, verdict: string])[] = [
  ['x-split', 'a\r\nx-forged: 1', 'invalid-syntax'],
  ['x-nul', 'a\0b', 'invalid-syntax'],
  ['a b', 'c', 'invalid-syntax'],
  ['x:y', 'c', 'invalid-syntax'],
  ['transfer-encoding', 'chunked', 'forbidden'],
  ['connection', 'keep-alive', 'forbidden'],
  ['x-good', 'fine', 'accepted'],
];
t.test('a guest cannot forge a header', async (t) => {
  for (const [name, value, verdict] of HEADERS) {
    const query = new URLSearchParams({ name, value });
    const answer = await host.call(`/bad/header?${query.toString().replaceAll('+', '%20')}`);
    t.match(answer, { status: 200, text: `${verdict}\n` }, JSON.stringify(name));
    t.notOk('x-forged' in answer.headers);
  }
  await assertAlive(t, host, ['bad']);
});

/** Paths whose response begins well and never ends well. */
const BROKEN: readonly (readonly [path: string, code: string])[] = [
  ['/body-then-trap', 'guest_trapped'],
  ['/drop-body', 'guest_incomplete_body'],
  ['/content-length-lie?promise=100&send=10', 'guest_'],
  ['/huge?bytes=200000', 'response_too_large'],
];
t.test('a response that breaks is not taken for a whole one', async (t) => {
  await host.deploy('breaks', misbehave(), { limits: { responseBodyBytes: 100_000 } });
  for (const [path, code] of BROKEN) {
    const client = await host.connect(t);
    client.send(`GET /breaks${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    const text = await client.closed();
    const isCoded = /^HTTP\/1\.1 50[02] [^]*"code":"guest_/.test(text);
    const isBroken = text.startsWith('HTTP/1.1 200 ') && !text.endsWith('\r\n0\r\n\r\n');
    t.ok(isCoded || isBroken, `${path}: ${text.slice(0, 200)}`);
    t.match(await host.logs('breaks'), code);
  }
  await host.api.json({ method: 'DELETE', path: '/v1/functions/breaks' });
});

t.test('a guest that has said all and exits is answered for with what it said', async (t) => {
  const answer = await host.call('/bad/exit-after-body?code=0');
  t.match(answer, { status: 200, text: 'said all\n' });
  await assertAlive(t, host, ['bad']);
});

for (const [index, how] of Object.keys(CATCHES).entries()) {
  t.test(`a guest that catches everything by ${how} is ended all the same`, async (t) => {
    const limits = { timeoutMs: 200 };
    const sleeper = await host
      .deploy(`sleep-${index}`, await catchAll(how as Catch, 'sleep'), { limits })
      .catch((error: unknown) => error as Error);
    if (sleeper instanceof Error) {
      t.match(
        sleeper,
        { code: /^(transpile_failed|function_refused|malformed_wasm)$/ },
        'or refused',
      );
      return;
    }
    t.match(await host.call(`/sleep-${index}/`), {
      status: 504,
      error: { code: 'invocation_timeout' },
    });
    await host.deploy(`cheat-${index}`, await catchAll(how as Catch, 'cheat'), { limits });
    t.match(await host.call(`/cheat-${index}/`), { status: 500, error: { code: /^guest_/ } });
    await host.untilMetric(`faas_instances{function="cheat-${index}",state="running"}`, 0);
    t.equal((await host.call('/canary/')).status, 200);
  });
}

t.test('a command that ends badly is a 502 with its code', async (t) => {
  await host.deploy('failing', await wat('run-result', { result: '1' }));
  t.match(await host.call('/failing/'), {
    status: 502,
    error: { code: 'guest_exited', message: /exited with code 1/ },
  });
  await host.deploy('mute', await wat('run-result', { result: '0' }));
  t.match(await host.call('/mute/'), {
    status: 502,
    error: { code: 'guest_bad_response', message: /CGI header/ },
  });
  t.equal((await host.call('/canary/')).status, 200);
});

t.test('what a guest costs is given back when it fails', async () => {
  for (const name of ['bad', 'canary']) {
    await host.untilMetric(`faas_instances{function="${name}",state="running"}`, 0);
  }
});
