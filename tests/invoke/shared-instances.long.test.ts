/** Several invocations at once in one instance: what they share, what stays their own, and what ends whom. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { HostBudget } from '../../host/limits/host-budget.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { silentObserver, type Observer } from '../../host/metrics/observer.ts';
import { example, misbehave3 } from '../guests/guests.ts';
import { openHarness, type Called, type Harness } from './harness.ts';

const LIMITS = { timeoutMs: 5000, cpuMs: 300, memoryBytes: 64 * 2 ** 20 };

const starts: string[] = [];
const observer: Observer = {
  ...silentObserver,
  instanceStart: (_function, way) => void starts.push(way),
};
let host: Harness;

t.before(async () => {
  host = await openHarness(t, { observer, config: { limits: { coldAllowanceMs: 10_000 } } });
});

t.beforeEach(() => void starts.splice(0));

/** A function of which each instance serves several invocations. */
function deploy(
  name: string,
  instances: object = {},
  limits: object = {},
): Promise<FunctionRecord> {
  return host.deploy(name, misbehave3(), {
    isolation: 'reuse',
    instances,
    limits: { ...LIMITS, ...limits },
  });
}

function callAll(record: FunctionRecord, paths: readonly string[]): Promise<readonly Called[]> {
  return Promise.all(paths.map((path) => host.call(record, path)));
}

/** Waits until as many calls are held in the instance. */
async function untilHeld(record: FunctionRecord, count: number): Promise<void> {
  for (;;) {
    const { body } = await host.call(record, '/held');
    if (Number(body.split(' ')[0]) === count) return;
    // Such a call may be over within its microtasks, and what is waited for needs turns of the event loop.
    await nextTurn();
  }
}

/** Waits until no instance runs. */
async function untilIdle(record: FunctionRecord): Promise<void> {
  while (host.describe(record)?.counts.running !== 0) {
    await host.call(record, '/held');
    await nextTurn();
  }
}

function instancesOf(record: FunctionRecord): object | undefined {
  return host.describe(record)?.counts;
}

t.test('16 invocations at once share one instance, if nothing else is said', async (t) => {
  const record = await deploy('shares');
  t.match(record.live.settings.instances, { reuseCount: 128, concurrentReuseCount: 16 });
  const called = await callAll(
    record,
    Array.from({ length: 16 }, () => '/gather?16'),
  );
  for (const { result, body } of called) t.match([result.outcome, body], ['ok', '16\n']);
  t.same(starts.toSorted(), ['cold', ...Array.from({ length: 15 }, () => 'hot')]);
  t.match(instancesOf(record), { running: 0, evicted: {} });
});

t.test('never more than the maximum are in one at once', async (t) => {
  const record = await deploy('three', { concurrentReuseCount: 3 });
  // A call ends when three have met in its instance: nine are three times three, or some wait for ever.
  const called = await callAll(
    record,
    Array.from({ length: 9 }, () => '/gather?3'),
  );
  for (const { result } of called) t.equal(result.outcome, 'ok');
  t.equal(starts.filter((way) => way !== 'hot').length, 3, 'three instances were made');
});

t.test(
  'an instance that has served often enough takes no more, and ends with its last',
  async (t) => {
    const record = await deploy('counted', { reuseCount: 5 });
    for (const count of ['1', '2']) {
      t.equal((await host.call(record, '/calls')).body, `${count}\n`);
    }
    const first = host.call(record, '/gather?2');
    t.equal((await host.call(record, '/calls')).body, '4\n');
    const fifth = host.call(record, '/gather?2');
    t.equal((await host.call(record, '/calls')).body, '1\n', 'the sixth has another instance');
    t.match([(await first).result.outcome, (await fifth).result.outcome], ['ok', 'ok']);
    t.match(instancesOf(record), { running: 0, evicted: { count: 1 } });
  },
);

t.test('each line of the log belongs to the invocation that wrote it', async (t) => {
  const record = await deploy('says');
  const names = ['ann', 'ben', 'cid'];
  const called = await callAll(
    record,
    names.map((name) => `/say?${name}`),
  );
  const later = await callAll(record, ['/wait-later?5', '/say?dan']);
  for (const [index, name] of names.entries())
    t.same(linesOf(called[index]), [`${name} begins`, `${name} ends`]);
  t.same(linesOf(later[0]), ['waited later'], 'also what is written after the response');
  t.same(linesOf(later[1]), ['dan begins', 'dan ends']);
  t.match(instancesOf(record), { evicted: {} });

  function linesOf(one: Called | undefined): readonly string[] {
    if (one === undefined) throw new Error('it was not called');
    const lines = host.guestLog.read(record.name, { tail: 100, requestId: one.requestId });
    return lines.map(({ text }) => text);
  }
});

t.test('CPU time is charged to the invocation that takes it', async (t) => {
  const record = await deploy('burns', {}, { cpuMs: 5000 });
  // V8 compiles the loop while it runs for the first time.
  await callAll(record, ['/burn?40', '/burn?40']);
  const [much, none, little] = await callAll(record, ['/burn?40', '/wait?50', '/burn?10']);
  const [most = 0, least = 0, some = 0] = [much, none, little].map((one) => one?.result.cpuMs);
  t.ok(most > 2 * some, `four times as much takes ${most} ms, not ${some}`);
  t.ok(least < some, `waiting takes ${least} ms`);
  t.match(instancesOf(record), { evicted: {} });
});

/** A path that ends all of its instance, and what becomes of the call itself. */
const ENDINGS: readonly (readonly [path: string, outcome: string, code: string])[] = [
  ['/trap', 'trap', 'guest_trapped'],
  ['/exit', 'guest_error', 'guest_exited'],
  ['/spin', 'cpu_limit', 'cpu_limit'],
  ['/memory', 'memory_limit', 'memory_limit'],
  ['/streams?0', 'trap', 'guest_broke_rule'],
];

t.test(
  'what ends an instance ends all of its invocations, each with its own outcome',
  async (t) => {
    const record = await deploy('ends', {}, { cpuMs: 200 });
    for (const [path, outcome, code] of ENDINGS) {
      starts.splice(0);
      const others = [host.call(record, '/hold'), host.call(record, '/hold')];
      await untilHeld(record, 2);
      t.match((await host.call(record, path)).result, { outcome, error: { code } }, path);
      for (const other of others) {
        const { result, status } = await other;
        t.match(
          result,
          { outcome: 'instance_lost', error: { code: 'instance_lost' } },
          `beside ${path}`,
        );
        t.equal(status, undefined, 'nothing of an answer was begun');
      }
      t.equal((await host.call(record, '/calls')).body, '1\n', `after ${path} there is another`);
      t.match(instancesOf(record), { running: 0 });
    }
    t.match(instancesOf(record), { evicted: { failed: ENDINGS.length } });
  },
);

/** Calls a path, and leaves when so many calls are held in the instance. */
async function leave(record: FunctionRecord, path: string, held: number): Promise<Called> {
  const leaving = new AbortController();
  const called = host.call(record, path, { signal: leaving.signal });
  await untilHeld(record, held);
  leaving.abort();
  return called;
}

const GONE = { outcome: 'cancelled', error: { code: 'client_gone' } };

t.test('a client that leaves ends its own invocation, which the guest gives up', async (t) => {
  const record = await deploy('leaves');
  t.match((await leave(record, '/hold', 1)).result, GONE);
  await untilHeld(record, 0);
  const staying = new AbortController();
  const stayed = host.call(record, '/hold', { signal: staying.signal });
  await untilHeld(record, 1);
  t.match((await leave(record, '/hold', 2)).result, GONE);
  await untilHeld(record, 1);
  t.match(instancesOf(record), { running: 1, evicted: {} });
  staying.abort();
  await stayed;
  await untilHeld(record, 0);
  t.match(instancesOf(record), { evicted: {} });
});

for (const [what, path, isTried] of [
  ['traps when it is cancelled', '/touchy', true],
  ['was never cancelled before', '/hold', false],
] as const) {
  t.test(`a guest that ${what} is not asked to while others are in its instance`, async (t) => {
    const record = await deploy(isTried ? 'touchy' : 'untried', {}, { timeoutMs: 600 });
    if (isTried) t.match((await leave(record, path, 1)).result, GONE);
    const other = host.call(record, '/gather?3');
    await untilHeld(record, 1);
    t.match((await leave(record, path, 2)).result, GONE);
    await untilHeld(record, 0);
    t.match(instancesOf(record), { running: 1 }, 'nobody else comes into the instance');
    t.equal((await other).result.outcome, 'timeout', 'which nothing but its limit ends');
    await untilIdle(record);
  });
}

t.test('a time-out ends its own invocation alone, and in time', async (t) => {
  const record = await deploy('late', {}, { timeoutMs: 150, cpuMs: 150 });
  for (const path of ['/hold', '/pending', '/forever', '/yield']) {
    const started = performance.now();
    const called = host.call(record, path);
    t.match((await called).result, { outcome: 'timeout', error: { code: 'invocation_timeout' } });
    t.ok(performance.now() - started < 2000, `${path} is answered soon after its limit`);
    t.equal((await host.call(record, '/wait?5')).result.outcome, 'ok');
  }
  await untilHeld(record, 0);
  t.match(instancesOf(record), { evicted: {} }, 'the guest gave all of them up by itself');
});

t.test('a guest that is stuck in a call which is over loses its instance', async (t) => {
  const record = await deploy('stubborn');
  await leave(record, '/hold', 1);
  await untilHeld(record, 0);
  for (const path of ['/stubborn', '/sleep?60000']) {
    const leaving = new AbortController();
    const other = host.call(record, '/hold');
    await untilHeld(record, 1);
    const stuck = host.call(record, path, { signal: leaving.signal });
    if (path === '/stubborn') await untilHeld(record, 2);
    leaving.abort();
    t.equal((await stuck).result.outcome, 'cancelled', 'who left waits for nothing');
    t.equal((await other).result.outcome, 'instance_lost', path);
    t.equal((await host.call(record, '/calls')).body, '1\n');
  }
  t.match(instancesOf(record), { running: 0, evicted: { failed: 2 } });
});

t.test(
  'work after the response that takes too long retires the instance, and no other',
  async (t) => {
    const record = await deploy('works', {}, { timeoutMs: 500 });
    const worker = host.call(record, '/wait-later?60000');
    await host.call(record, '/wait?350');
    // Under way while the first one is given up, 100 ms after its limit.
    const other = host.call(record, '/wait?450');
    const { result, body, ended } = await worker;
    t.match([result.outcome, body, ended], ['timeout', 'out before it waits\n', true]);
    t.equal((await other).result.outcome, 'ok');
    t.match(instancesOf(record), { running: 0, evicted: { failed: 1 } });
    t.equal((await host.call(record, '/calls')).body, '1\n');
  },
);

t.test('a body over its limit is refused, and the others do not notice', async (t) => {
  const record = await deploy('small', {}, { requestBodyBytes: 1000 });
  const controller = new AbortController();
  const other = host.call(record, '/hold', { signal: controller.signal });
  for (const path of ['/count', '/copy']) {
    const called = await host.call(record, path, { method: 'POST', body: 'x'.repeat(5000) });
    t.match(called.result, { error: { code: 'request_too_large' } }, path);
  }
  await untilHeld(record, 1);
  t.match(instancesOf(record), { running: 1, evicted: {} });
  controller.abort();
  await other;
});

t.test('whatever they do and whenever they are left, nothing of them stays', async (t) => {
  const budget = new HostBudget({ memoryBytes: 2 ** 30, mappings: 10_000, clock: systemClock });
  const crowd = await openHarness(t, { budget });
  const record = await crowd.deploy('crowd', misbehave3(), {
    isolation: 'reuse',
    instances: { concurrentReuseCount: 4, reuseCount: 40, idleTimeoutMs: 60_000 },
    limits: { ...LIMITS, timeoutMs: 400, concurrency: 64 },
  });
  const paths = [
    '/calls',
    '/wait?5',
    '/hold',
    '/large?100000',
    '/wait-later?20',
    '/say?it',
    '/copy',
  ];
  const ends = ['/trap', '/trap-later?5', '/leave-open', '/touchy', '/error', '/sleep?20'];
  const random = createRandom(8);
  const outcomes = new Map<string, number>();
  const callOnce = async (): Promise<void> => {
    const leaving = new AbortController();
    const all = random() < 0.05 ? ends : paths;
    const path = all[Math.floor(random() * all.length)] ?? '/';
    const isLeft = path === '/hold' || random() < 0.1;
    if (isLeft) setTimeout(() => leaving.abort(), random() * 30);
    const { result } = await crowd.call(record, path, { signal: leaving.signal, body: 'body' });
    outcomes.set(result.outcome, (outcomes.get(result.outcome) ?? 0) + 1);
  };
  const worker = async (): Promise<void> => {
    for (let call = 0; call < 25; call += 1) await callOnce();
  };
  await Promise.all(Array.from({ length: 24 }, worker));
  t.comment(JSON.stringify([...outcomes, crowd.describe(record)?.counts]));
  for (const outcome of ['ok', 'cancelled', 'instance_lost']) {
    t.ok(outcomes.has(outcome), `some ended ${outcome}`);
  }
  t.notOk(outcomes.has('host_error'));
  while (crowd.describe(record)?.counts.running !== 0) {
    await crowd.call(record, '/calls');
    await nextTurn();
  }
  const counts = crowd.describe(record)?.counts;
  const live = (counts?.idle ?? 0) + (counts?.warm ?? 0);
  t.ok(budget.usedBytes <= live * 4 * 2 ** 20, `${budget.usedBytes} bytes in ${live} instances`);
  t.equal((await crowd.call(record, '/calls')).result.outcome, 'ok');
});

t.test('a component that takes one call at a time is not shared', async (t) => {
  const hello = example('hello-rust');
  const settings = (await host.deploy('hello', hello, { isolation: 'reuse' })).live.settings;
  t.match(settings.instances, { reuseCount: 10_000, concurrentReuseCount: 1 });
  const instances = { concurrentReuseCount: 2 };
  await t.rejects(host.deploy('hello', hello, { isolation: 'reuse', instances }), {
    code: 'concurrent_reuse_needs_async',
  });
  await t.rejects(host.deploy('hello', misbehave3(), { instances }), {
    code: 'invalid_settings',
    message: /instances.concurrentReuseCount/,
  });
  const one = await deploy('one', { concurrentReuseCount: 1 });
  const called = await callAll(one, ['/wait?5', '/wait?5']);
  for (const { result } of called) t.equal(result.outcome, 'ok');
  t.equal(starts.filter((way) => way !== 'hot').length, 2, 'each had an instance of its own');
});

/** Numbers from 0 to 1, the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
