/** Functions of WASI 0.3 without sockets: what they may do, what ends them, and that nothing of them stays. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { ByteSource } from '../../host/wasi/ports.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { command3, example, misbehave3 } from '../guests/guests.ts';
import { openHarness, type Called, type Harness } from './harness.ts';

const LIMITS = {
  timeoutMs: 400,
  cpuMs: 400,
  memoryBytes: 16 * 2 ** 20,
  responseBodyBytes: 2 ** 20,
};

let host: Harness;
let bad: FunctionRecord;

t.before(async () => {
  host = await openHarness(t, { config: { limits: { coldAllowanceMs: 10_000 } } });
  bad = await host.deploy('bad', misbehave3(), { limits: LIMITS as never });
});

/** A path of `misbehave-p3`, and the text it answers with. */
const ANSWERS: readonly (readonly [path: string, body: string | RegExp])[] = [
  ['/', 'nothing to see\n'],
  ['/calls', '1\n'],
  ['/calls', '1\n'],
  ['/wait?10', 'waited\n'],
  ['/cancel?10', 'true\n'],
  ['/streams?1000', 'made\n'],
  ['/large?900000', /^x{900000}$/],
  ['/no-contents', ''],
  ['/declared?4', 'four'],
  ['/status?99', 'Err(())\n'],
  ['/status?201', 'Ok(())\n'],
  ['/fetch?localhost:1', 'ErrorCode::HttpRequestDenied\n'],
];

t.test('what a guest returns is the answer', async (t) => {
  for (const [path, body] of ANSWERS) {
    const called = await host.call(bad, path);
    t.match(called, { result: { outcome: 'ok' }, status: 200, ended: true, body }, path);
  }
});

/** A path, how the call ends, and what of its response was begun. */
const FAILURES: readonly (readonly [path: string, outcome: string, code: string, begun: string])[] =
  [
    ['/error', 'guest_error', 'guest_error_code', 'none'],
    ['/trap', 'trap', 'guest_trapped', 'none'],
    ['/exit', 'guest_error', 'guest_exited', 'none'],
    ['/forever', 'timeout', 'invocation_timeout', 'none'],
    ['/streams', 'trap', 'guest_broke_rule', 'none'],
    ['/memory', 'memory_limit', 'memory_limit', 'none'],
    ['/trap-later?10', 'trap', 'guest_trapped', 'half of'],
    ['/leave-open', 'guest_error', 'guest_incomplete_body', 'half of'],
    ['/declared?5', 'guest_error', 'guest_incomplete_body', 'four'],
    ['/declared?3', 'guest_error', 'guest_incomplete_body', ''],
    ['/large?2000000', 'guest_error', 'response_too_large', 'anything'],
    ['/wait-later?5000', 'timeout', 'invocation_timeout', 'whole'],
  ];

t.test('what goes wrong is named, and the next call has a fresh instance', async (t) => {
  for (const [path, outcome, code, begun] of FAILURES) {
    const called = await host.call(bad, path);
    t.match(called.result, { outcome, error: { code } }, path);
    t.equal(beginning(called, begun), begun, `${path} begins`);
    t.equal((await host.call(bad, '/calls')).body, '1\n', `after ${path}`);
  }
});

function beginning({ status, ended, body }: Called, expected: string): string {
  if (status === undefined) return 'none';
  if (ended) return 'whole';
  return expected === 'anything' ? expected : body;
}

t.test(
  'a guest that awaits for ever is ended in time, and the event loop is idle again',
  async (t) => {
    const limits = { ...LIMITS, timeoutMs: 150, cpuMs: 150 } as never;
    for (const isolation of ['request', 'reuse'] as const) {
      const record = await host.deploy(`waits-${isolation}`, misbehave3(), { isolation, limits });
      const tookMs: number[] = [];
      const before = countTimers();
      for (let call = 0; call < 5; call += 1) {
        const started = performance.now();
        const { result } = await host.call(record, '/forever');
        tookMs.push(performance.now() - started);
        t.equal(result.outcome, 'timeout');
      }
      // Of several, because whatever else the machine does comes on top.
      t.ok(Math.min(...tookMs) < 150 + 100, `${isolation}: answered after ${tookMs.join(', ')} ms`);
      // A guest that is asked to end the call does so in its turn.
      while (host.describe(record)?.counts.running !== 0) await nextTurn();
      t.ok(countTimers() <= before + 1, `${countTimers()} timers are left of ${before}`);
      const evicted = isolation === 'request' ? { failed: 5 } : {};
      t.match(
        host.describe(record)?.counts,
        { running: 0, evicted },
        'its instance is gone, or free',
      );
      const idle = performance.eventLoopUtilization();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { utilization } = performance.eventLoopUtilization(idle);
      t.ok(utilization < 0.3, `${isolation}: the event loop is busy to ${utilization}`);
    }
  },
);

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

t.test(
  'a guest that computes is ended by its CPU limit, also when its answer is out',
  async (t) => {
    const record = await host.deploy('spins', misbehave3(), {
      limits: { ...LIMITS, timeoutMs: 20_000, cpuMs: 60 } as never,
    });
    for (const [path, status] of [
      ['/spin', undefined],
      ['/yield', undefined],
      ['/spin-later', 200],
    ] as const) {
      const called = await host.call(record, path);
      t.match(called.result, { outcome: 'cpu_limit' }, path);
      t.equal(called.status, status, `${path} is answered with ${status}`);
    }
  },
);

t.test('work goes on after the response was returned', async (t) => {
  const called = await host.call(bad, '/wait-later?50');
  t.match(called, { result: { outcome: 'ok' }, body: 'out before it waits\n', ended: true });
});

t.test('a client that leaves ends the guest', async (t) => {
  const controller = new AbortController();
  const call = host.call(bad, '/forever', { signal: controller.signal });
  controller.abort();
  t.match((await call).result, { outcome: 'cancelled', error: { code: 'client_gone' } });
});

t.test(
  'fields are held to the rules of 0.2, with an error of their own for their size',
  async (t) => {
    const { body } = await host.call(bad, '/fields');
    t.same(body.split('\n'), [
      'Ok(())',
      'Err(HeaderError::InvalidSyntax)',
      'Err(HeaderError::InvalidSyntax)',
      'Err(HeaderError::Forbidden)',
      'Err(HeaderError::SizeExceeded)',
      '[[49]]',
      'Ok([[49]])',
      'false',
      '',
    ]);
  },
);

t.test('trailers come after the body', async (t) => {
  const { body, trailers } = await host.call(bad, '/trailers');
  t.equal(body, 'before\n');
  t.same(
    trailers?.map(([name, value]) => [name, String(Buffer.from(value))]),
    [['x-after', 'all of it']],
  );
});

t.test('a body is handed on, copied, counted or not read at all', async (t) => {
  const echo = await host.deploy('echo', example('echo-p3-rust'));
  const body = 'a body of some length '.repeat(20_000);
  t.equal((await host.call(echo, '/', { method: 'POST', body })).body, body, 'handed on');
  const copied = await host.call(bad, '/copy', { method: 'POST', body });
  t.equal(copied.body, body, 'copied');
  const counted = await host.call(bad, '/count', { method: 'POST', body });
  t.equal(counted.body, `${body.length} []\n`);
  const ignored = await host.call(bad, '/ignore-body', { method: 'POST', body });
  t.match(ignored, { body: 'not read\n', result: { outcome: 'ok' } });
});

t.test('nobody reads further than somebody takes', async (t) => {
  const source = new EndlessSource();
  const called = await host.call(bad, '/wait?30', { method: 'POST', body: source });
  t.equal(called.result.outcome, 'ok');
  t.equal(source.taken, 0, 'a body that is not consumed is not read');
});

/** A body that never ends and counts what is taken of it. */
class EndlessSource implements ByteSource {
  taken = 0;

  take(maxBytes: number): Uint8Array {
    this.taken += maxBytes;
    return new Uint8Array(Math.min(maxBytes, 1024));
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // There is nothing to close.
  }
}

t.test('a body over its limit is refused where it is read', async (t) => {
  const record = await host.deploy('small', misbehave3(), {
    limits: { ...LIMITS, requestBodyBytes: 1000 } as never,
  });
  const body = 'x'.repeat(5000);
  for (const path of ['/count', '/copy']) {
    const { result } = await host.call(record, path, { method: 'POST', body });
    t.match(result, { error: { code: 'request_too_large' } }, path);
  }
  const echo = await host.deploy('small-echo', example('echo-p3-rust'), {
    limits: { ...LIMITS, requestBodyBytes: 1000 } as never,
  });
  const { result } = await host.call(echo, '/', { method: 'POST', body });
  t.match(result, { error: { code: 'request_too_large' } }, 'also where the host reads it');
});

t.test('a command of 0.3 is served by the CGI contract', async (t) => {
  const record = await host.deploy('command', command3());
  const answer = await host.call(record, '/', { method: 'POST', body: 'in capitals' });
  t.match(answer, { status: 200, body: 'IN CAPITALS', result: { outcome: 'ok' } });
  t.match((await host.call(record, '/?fail')).result, { error: { code: 'guest_exited' } });
});

t.test('an instance that is kept serves one call after the other', async (t) => {
  const record = await host.deploy('kept', misbehave3(), { isolation: 'reuse' });
  for (const expected of ['1\n', '2\n', '3\n']) {
    const { body, result } = await host.call(record, '/calls');
    t.equal(body, expected);
    t.equal(result.start, expected === '1\n' ? 'warm' : 'hot');
  }
});

t.test('instances are reset, not made anew', async (t) => {
  const resetting = await openHarness(t, { strategy: 'reset' });
  const record = await resetting.deploy('reset', example('hello-p3-rust'));
  const isResetting = (): boolean => resetting.describe(record)?.strategy === 'reset';
  // The initial state is captured when nobody waits for it.
  for (let call = 0; call < 200 && !isResetting(); call += 1) await resetting.call(record, '/');
  t.ok(isResetting());
  for (let call = 0; call < 5; call += 1) {
    t.equal((await resetting.call(record, '/')).body, 'Hello from Rust\n');
  }
  t.notOk(resetting.describe(record)?.counts.evicted.failed, 'none was thrown away');
});
