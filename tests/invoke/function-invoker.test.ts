import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { CATCHES, catchAll, type Catch } from '../guests/catch-all.ts';
import { example, misbehave, wat } from '../guests/guests.ts';
import { openHarness, type Harness } from './harness.ts';

let host: Harness;
let bad: FunctionRecord;

t.before(async () => {
  host = await openHarness(t);
  bad = await host.deploy('bad', misbehave(), {
    limits: {
      timeoutMs: 2000,
      memoryBytes: 32 * 2 ** 20,
      responseBodyBytes: 2 ** 20,
      requestBodyBytes: 1000,
    },
  });
});

t.test('handle() gives each request a fresh instance', async (t) => {
  const hello = await host.deploy('hello', example('hello-rust'));
  const first = await host.call(hello, '/');
  t.match(first, { status: 200, body: 'Hello from Rust\n', ended: true });
  t.match(first.result, { outcome: 'ok', start: 'cold' });
  t.match((await host.call(hello, '/')).result, { outcome: 'ok', start: 'warm' });
  t.equal((await host.call(bad, '/state')).body, (await host.call(bad, '/state')).body);
});

t.test('handle() keeps an instance with isolation "reuse"', async (t) => {
  const kept = await host.deploy('kept', misbehave(), { isolation: 'reuse' });
  const first = await host.call(kept, '/state');
  const second = await host.call(kept, '/state');
  t.not(first.body, second.body, 'the guest counts on');
  t.equal(second.result.start, 'hot');
  t.equal((await host.call(kept, '/panic')).result.outcome, 'trap');
  t.equal(
    (await host.call(kept, '/state')).body,
    first.body,
    'after a trap the instance is a new one',
  );
});

t.test('handle() gives up a reused instance that has grown to half of its limit', async (t) => {
  const limits = { memoryBytes: 32 * 2 ** 20 };
  const grown = await host.deploy('grown', misbehave(), { isolation: 'reuse', limits });
  const first = await host.call(grown, '/state');
  t.equal((await host.call(grown, '/grow?mib=20')).result.outcome, 'ok');
  const next = await host.call(grown, '/state');
  t.match(next, { body: first.body, result: { start: 'warm' } });
});

const failures: readonly [path: string, outcome: string, code: string, status: number][] = [
  ['/panic', 'trap', 'guest_trapped', 500],
  ['/unreachable', 'trap', 'guest_trapped', 500],
  ['/recurse', 'trap', 'guest_trapped', 500],
  ['/no-response', 'guest_error', 'guest_no_response', 502],
  ['/error-code', 'guest_error', 'guest_error_code', 502],
  ['/exit?code=3', 'guest_error', 'guest_exited', 502],
  ['/sleep-forever', 'timeout', 'invocation_timeout', 504],
  ['/grow?mib=64', 'memory_limit', 'memory_limit', 500],
];
for (const [path, outcome, code, status] of failures) {
  t.test(`handle() tells how a guest ended that was asked for ${path}`, async (t) => {
    const called = await host.call(bad, path);
    t.match(called.result, { outcome, error: { code, status } });
    t.equal(called.status, undefined, 'nothing was begun');
    const log = host.guestLog.read(bad.name, { tail: 20 }).map(({ text }) => text);
    t.match(log.join('\n'), code, 'the log names it');
  });
}

t.test('handle() logs the wasm stack of a trap', async (t) => {
  await host.call(bad, '/unreachable');
  const log = host.guestLog.read(bad.name, { tail: 20 }).map(({ text }) => text);
  t.match(log.join('\n'), /at .*\(0x[0-9a-f]+\)/);
});

t.test('handle() sends an empty body if the guest never asks for one', async (t) => {
  const called = await host.call(bad, '/no-body');
  t.match(called, { status: 200, body: '', ended: true, result: { outcome: 'ok' } });
});

t.test('handle() aborts a response that was begun and not finished', async (t) => {
  const trapped = await host.call(bad, '/body-then-trap');
  t.match(trapped, { status: 200, ended: false, aborted: String, result: { outcome: 'trap' } });
  const dropped = await host.call(bad, '/drop-body');
  t.match(dropped, {
    ended: false,
    result: { outcome: 'guest_error', error: { code: 'guest_incomplete_body' } },
  });
  const huge = await host.call(bad, '/huge?bytes=5000000');
  t.match(huge, { ended: false, result: { error: { code: 'response_too_large' } } });
});

t.test('handle() refuses a request body that is larger than its limit', async (t) => {
  const headers = [['content-length', '1001']] as const;
  const declared = await host.call(bad, '/never-read', {
    method: 'POST',
    headers,
    body: 'x'.repeat(1001),
  });
  t.match(declared.result, {
    outcome: 'guest_error',
    error: { code: 'request_too_large', status: 413 },
  });
  const streamed = await host.call(bad, '/read-slow', { method: 'POST', body: 'x'.repeat(1001) });
  t.match(streamed.result, { error: { code: 'request_too_large' } });
  t.equal(streamed.status, undefined, 'the guest could not answer for half of it');
});

t.test('handle() counts the loading of a module against the time limit', async (t) => {
  const slow = await openHarness(t, {
    // Longer than the limit: with a fast disk nothing else would be.
    alter: async (digest, load) => {
      await delay(20);
      return load(digest);
    },
  });
  const late = await slow.deploy('late', await wat('hello'), { limits: { timeoutMs: 5 } });
  const called = await slow.call(late, '/');
  t.match(called.result, { outcome: 'timeout', start: undefined });
  t.equal(called.status, undefined, 'the guest was never called');
});

t.test('handle() cancels a guest whose client has gone', async (t) => {
  const abort = new AbortController();
  const called = host.call(bad, '/sleep-forever', { signal: abort.signal });
  abort.abort();
  t.match((await called).result, { outcome: 'cancelled' });
});

t.test('handle() queues what finds no place, and sheds what finds no queue', async (t) => {
  const narrow = await host.deploy('narrow', misbehave(), { limits: { concurrency: 1, queue: 1 } });
  const calls = [1, 2, 3].map(() => host.call(narrow, '/sleep?ms=20'));
  const outcomes = (await Promise.all(calls)).map(({ result }) => result.outcome);
  t.strictSame(outcomes.sort(), ['ok', 'ok', 'overloaded']);
});

for (const [number, how] of Object.keys(CATCHES).entries()) {
  // jco's generator stops at the exceptions of 2021: such a guest is refused with a code.
  if (!how.startsWith('try_table')) continue;
  t.test(`handle() ends a guest that catches everything by ${how}`, async (t) => {
    const limits = { timeoutMs: 100 };
    const sleeper = await host.deploy(`sleep-${number}`, await catchAll(how as Catch, 'sleep'), {
      limits,
    });
    t.match((await host.call(sleeper, '/')).result, { outcome: 'timeout' });
    const cheat = await host.deploy(`cheat-${number}`, await catchAll(how as Catch, 'cheat'), {
      limits,
    });
    t.match((await host.call(cheat, '/')).result, { outcome: 'trap' });
  });
}

t.test('deploy() goes by the bytes that are stored, not by what is said of them', async (t) => {
  const narrow = await openHarness(t, { config: { deploy: { artifactBytes: 1000 } } });
  await t.rejects(narrow.deploy('large', example('hello-rust')), {
    code: 'artifact_too_large',
    fields: { limit: 1000 },
  });
  const content = example('hello-rust');
  const file = { path: '/site/a', digest: digestOf(content), size: 1, modifiedMs: 0 };
  await t.rejects(host.deploy('wrong', content, { directories: ['/site'], files: [file] }), {
    code: 'invalid_settings',
    message: new RegExp(`"/site/a" has ${content.length} bytes, and not 1`),
  });
});

t.test('deploy() refuses a memory limit that no instance could start with', async (t) => {
  const limits = { memoryBytes: 16 * 65_536 };
  await t.rejects(host.deploy('small', example('hello-rust'), { limits }), {
    code: 'memory_limit_at_start',
    fields: { needed: 17 * 65_536, limit: 16 * 65_536 },
  });
  const enough = { limits: { memoryBytes: 17 * 65_536 } };
  const small = await host.deploy('small', example('hello-rust'), enough);
  t.match((await host.call(small, '/')).result, { outcome: 'ok' });
});

t.test('handle() serves commands by the CGI contract', async (t) => {
  const upper = await host.deploy('upper', example('upper-c'));
  const called = await host.call(upper, '/some/path?q=1', {
    method: 'POST',
    body: 'shout',
    headers: [['proxy', 'evil']],
  });
  t.match(called, { status: 200, ended: true, result: { outcome: 'ok' } });
  t.match(called.body, /SHOUT/);
  t.notMatch(called.body, /evil/i);
});
