import t, { type Test } from 'tap';
import type { InstanceLease, VersionInstances } from '../../host/instances/version-instances.ts';
import { createGuestParts, FakeHost } from './fake-host.ts';

/** One invocation that ends well. Gives what its instance counted, and how it was got. */
async function serve(instances: VersionInstances): Promise<[count: unknown, start: string]> {
  const lease = await instances.acquire(createGuestParts());
  const count = await lease.call([]);
  lease.release(true);
  return [count, lease.start];
}

async function take(instances: VersionInstances): Promise<InstanceLease> {
  return await instances.acquire(createGuestParts());
}

function checkEmpty(t: Test, host: FakeHost): void {
  t.equal(host.live.size, 0, 'no instance lives');
  t.same(host.states, { running: 0, idle: 0, warm: 0 });
  t.equal(host.wanted, 0);
  t.equal(host.budget.usedBytes, 0, 'the budget has everything back');
  t.equal(host.budget.usedMappings, 0);
  t.equal(host.clock.timers, 0, 'no timer is left');
  host.runIdleWork();
  t.equal(host.live.size, 0, 'what was put off to idle time makes nothing any more');
  t.notOk(host.hasWork, 'and puts nothing off');
}

t.test('with isolation "request" no invocation finds what another left', async (t) => {
  for (const strategy of ['fresh', 'reset', 'auto'] as const) {
    const host = new FakeHost();
    const instances = host.open({}, { strategy });
    for (let call = 0; call < 100; call += 1) {
      t.equal((await serve(instances))[0], 1);
      if (call % 3 === 0) await host.idle();
    }
    instances.close();
    checkEmpty(t, host);
  }
});

t.test('with isolation "reuse" an instance is kept as it is', async (t) => {
  const host = new FakeHost();
  const instances = host.open({ isolation: 'reuse' });
  t.same(await serve(instances), [1, 'cold']);
  t.same(await serve(instances), [2, 'hot']);
  t.same(await serve(instances), [3, 'hot']);
  t.match(instances.describe(), { strategy: 'kept', counts: { idle: 1, running: 0 } });
  instances.close();
  checkEmpty(t, host);
});

t.test(
  'a reused instance is replaced when it has served often enough, or is too old',
  async (t) => {
    const host = new FakeHost();
    const instances = host.open({
      isolation: 'reuse',
      instances: { reuseCount: 3, maxAgeMs: 10_000 },
    });
    for (const count of [1, 2, 3, 1, 2]) t.equal((await serve(instances))[0], count);
    t.match(host.evictions, { count: 1 });
    host.clock.advance(10_000);
    t.equal((await serve(instances))[0], 1);
    t.match(host.evictions, { age: 1 });
    instances.close();
    checkEmpty(t, host);
  },
);

t.test('an instance that was ended or has failed is never used again', async (t) => {
  for (const isolation of ['request', 'reuse'] as const) {
    const host = new FakeHost();
    const instances = host.open({ isolation }, { strategy: 'reset' });
    await serve(instances);
    await host.settle();
    const failed = await take(instances);
    failed.release(false);
    const ended = await take(instances);
    ended.guest.endNow({ kind: 'cancelled' });
    ended.release(true);
    t.match(host.evictions, { failed: 2 });
    t.equal(host.live.size, 0);
    instances.close();
    checkEmpty(t, host);
  }
});

t.test('an instance that has grown is not reset', async (t) => {
  const host = new FakeHost();
  const instances = host.open({}, { strategy: 'reset' });
  await serve(instances);
  await host.settle();
  const lease = await take(instances);
  t.ok(lease.memory.charge(1));
  lease.release(true);
  t.match(host.evictions, { grown: 1 });
  instances.close();
  checkEmpty(t, host);
});

t.test('a lease is given back once, however often that is said', async (t) => {
  const host = new FakeHost();
  const instances = host.open({ isolation: 'reuse' });
  const first = await take(instances);
  first.release(true);
  const second = await take(instances);
  first.release(false);
  t.equal(host.states.running, 1);
  t.equal(await second.call([]), 1);
  second.release(true);
  instances.close();
  checkEmpty(t, host);
});

t.test('an instance is made ahead after the first response, and its state captured', async (t) => {
  const host = new FakeHost();
  const instances = host.open({}, { strategy: 'reset' });
  t.match(instances.describe(), { strategy: 'fresh', reason: /not captured yet/ });
  const first = await take(instances);
  t.equal(host.live.size, 1, 'nothing is made while the first request waits');
  first.release(true);
  t.equal(host.live.size, 0);
  await host.settle();
  t.same(host.states, { running: 0, idle: 0, warm: 1 });
  t.match(instances.describe(), { strategy: 'reset' });
  for (let call = 0; call < 5; call += 1) {
    await serve(instances);
    await host.settle();
  }
  t.same(host.ways, { cold: 1, prewarmed: 1, reset: 4 });
  instances.close();
  checkEmpty(t, host);
});

t.test('a reset is done in idle time; only who finds nothing else waits for one', async (t) => {
  const host = new FakeHost();
  const instances = host.open({}, { strategy: 'reset' });
  await serve(instances);
  await host.settle();
  await serve(instances);
  const [instance] = host.live;
  t.equal(instance?.resets, 0, 'not by the invocation that has ended');
  await host.idle();
  t.equal(instance?.resets, 1);
  await serve(instances);
  t.equal((await serve(instances))[0], 1);
  t.equal(instance?.resets, 2, 'by the next one, which came in the same turn');
  instances.close();
  checkEmpty(t, host);
});

t.test('what cannot be captured is made anew each time, and describe() says why', async (t) => {
  const host = new FakeHost();
  host.refusesCapture = 'it called wasi:random while it started';
  const instances = host.open();
  for (let call = 0; call < 5; call += 1) {
    await serve(instances);
    await host.settle();
  }
  t.match(instances.describe(), { strategy: 'fresh', reason: /wasi:random/ });
  t.same(host.ways, { cold: 1, prewarmed: 4 });
  const never = host.open({ instances: { snapshot: 'never' } });
  await serve(never);
  await host.settle();
  t.match(never.describe(), { strategy: 'fresh', reason: /snapshot "never"/ });
  for (const one of [instances, never]) one.close();
  checkEmpty(t, host);
});

t.test('a command is made ahead only if it cannot have looked at its environment', async (t) => {
  const host = new FakeHost();
  const quiet = host.open({ kind: 'command' }, { strategy: 'reset' });
  await serve(quiet);
  await host.settle();
  t.equal(host.states.warm, 1);
  quiet.close();
  host.refusesCapture = 'it called wasi:cli/environment while it started';
  const curious = host.open({ kind: 'command' });
  for (let call = 0; call < 5; call += 1) {
    await serve(curious);
    await host.settle();
  }
  t.equal(host.states.warm, 0);
  t.match(host.evictions, { unusable: 1 });
  curious.close();
  checkEmpty(t, host);
});

t.test('the way that costs less is taken', async (t) => {
  for (const [freshMs, resetMs, cheaper] of [
    [0.5, 0.01, 'reset'],
    [0.1, 2, 'fresh'],
  ] as const) {
    const host = new FakeHost();
    Object.assign(host, { freshMs, resetMs });
    const instances = host.open();
    for (let call = 0; call < 200; call += 1) {
      await serve(instances);
      await host.settle();
    }
    t.match(instances.describe(), { strategy: cheaper, reason: /a reset takes \d+ µs/ });
    const { reset = 0, prewarmed = 0 } = host.ways;
    t.ok(cheaper === 'reset' ? reset > 180 : prewarmed > 180, `${reset} and ${prewarmed}`);
    instances.close();
    checkEmpty(t, host);
  }
});

t.test('the minimum is there without any request, and the module is held', async (t) => {
  const host = new FakeHost();
  const instances = host.open({ instances: { min: 3 } });
  instances.provision();
  await host.settle();
  t.same(host.states, { running: 0, idle: 0, warm: 3 });
  host.clock.advance(1000);
  t.equal(host.wanted, 3);
  host.modules.close();
  t.notOk(host.loaded[0]?.isClosed, 'the cache let it go, the version did not');
  host.clock.advance(10 * 60_000);
  await host.settle();
  t.equal(host.states.warm, 3, 'they stay, however long nobody calls');
  t.match(await serve(instances), [1, 'warm']);
  instances.close();
  checkEmpty(t, host);
  t.ok(host.loaded[0]?.isClosed);
});

t.test('the minimum is replaced when it is too old', async (t) => {
  const host = new FakeHost();
  const instances = host.open({ instances: { min: 2, maxAgeMs: 60_000 } });
  instances.provision();
  await host.settle();
  const before = [...host.live];
  host.clock.advance(60_000);
  await host.settle();
  t.match(host.evictions, { age: 2 });
  t.equal(host.live.size, 2);
  t.notOk(before.some((one) => host.live.has(one)));
  instances.close();
  checkEmpty(t, host);
});

t.test('what nobody uses is closed after the idle time-out, and then nothing runs', async (t) => {
  for (const isolation of ['request', 'reuse'] as const) {
    const host = new FakeHost();
    const instances = host.open({ isolation, instances: { idleTimeoutMs: 30_000 } });
    const leases = await Promise.all(Array.from({ length: 10 }, () => take(instances)));
    for (const lease of leases) lease.release(true);
    await host.settle();
    t.ok(host.live.size >= 1);
    for (let second = 0; second < 29; second += 1) host.clock.advance(1000);
    t.ok(host.live.size >= 1, 'not before');
    for (let second = 0; second < 35; second += 1) host.clock.advance(1000);
    t.equal(host.live.size, 0);
    t.equal(host.clock.timers, 0, 'no timer waits for a version that nobody calls');
    t.notOk(host.hasWork);
    host.modules.close();
    t.ok(host.loaded[0]?.isClosed, 'the module was let go');
    instances.close();
    checkEmpty(t, host);
  }
});

t.test('the pool grows with use and never beyond the maximum', async (t) => {
  const host = new FakeHost();
  const instances = host.open(
    { instances: { max: 12 }, limits: { concurrency: 12 } },
    { strategy: 'reset' },
  );
  for (let second = 0; second < 20; second += 1) {
    const leases = await Promise.all(Array.from({ length: 10 }, () => take(instances)));
    host.clock.advance(800);
    for (const lease of leases) lease.release(true);
    host.clock.advance(200);
    await host.settle();
  }
  const { size, counts } = instances.describe();
  t.ok(size.requestsPerSecond > 9 && size.requestsPerSecond < 11, `${size.requestsPerSecond}`);
  t.ok(size.alpha > 1.4 && size.alpha < 1.8, `${size.alpha}: twice the 0.8 s that one is held`);
  t.equal(size.wanted, 12);
  t.equal(host.wanted, 12);
  t.equal(counts.idle + counts.warm, 12);
  t.equal(host.most, 12);
  instances.close();
  checkEmpty(t, host);
});

t.test('who finds the maximum being made waits for it', async (t) => {
  const host = new FakeHost();
  const gate = Promise.withResolvers<void>();
  const instances = host.open({ instances: { max: 1 }, limits: { concurrency: 1 } });
  await serve(instances);
  host.start = () => gate.promise;
  await host.idle();
  t.equal(host.starting, 1);
  const waiting = take(instances);
  await host.idle();
  t.equal(host.starting, 1, 'no second one is made');
  gate.resolve();
  const lease = await waiting;
  t.equal(host.most, 1);
  lease.release(true);
  instances.close();
  checkEmpty(t, host);
});

t.test('who waits for one that is being made gets one that comes back before', async (t) => {
  for (const isolation of ['request', 'reuse'] as const) {
    const host = new FakeHost();
    const settings = { isolation, instances: { max: 2, min: 2 }, limits: { concurrency: 2 } };
    const instances = host.open(settings, { strategy: 'reset' });
    const first = await take(instances);
    const gate = Promise.withResolvers<void>();
    host.start = () => gate.promise;
    instances.provision();
    await host.idle();
    t.equal(host.starting, 1);
    const waiting = take(instances);
    first.release(true);
    // With "request" the first one cannot be reset, because nothing was captured: its place is free.
    host.start = async () => {};
    await host.idle();
    const second = await waiting;
    t.equal(host.starting, 1, 'the one that is being made is not ready yet');
    t.equal(await second.call([]), 1);
    second.release(true);
    gate.resolve();
    await host.settle();
    t.ok(host.most <= 2);
    instances.close();
    checkEmpty(t, host);
  }
});

t.test('a start that fails is tried again later and later, and requests are told', async (t) => {
  const host = new FakeHost();
  let starts = 0;
  host.start = async () => {
    starts += 1;
    throw new Error('no such luck');
  };
  const instances = host.open({ instances: { min: 1 } });
  instances.provision();
  await host.settle();
  t.equal(starts, 1);
  for (let second = 0; second < 60; second += 1) {
    host.clock.advance(1000);
    await host.settle();
  }
  t.ok(starts >= 5 && starts <= 8, `${starts} attempts in a minute`);
  t.match(instances.describe(), { lastFailure: 'no such luck' });
  await t.rejects(take(instances), { message: 'no such luck' });
  host.start = async () => {};
  host.clock.advance(60_000);
  await host.settle();
  t.equal(host.states.warm, 1);
  t.equal(instances.describe().lastFailure, undefined);
  instances.close();
  checkEmpty(t, host);
});

t.test(
  'beyond the minimum, what has failed ahead waits for a request that can start',
  async (t) => {
    const host = new FakeHost();
    let starts = 0;
    let fails = false;
    host.start = async () => {
      starts += 1;
      if (fails) throw new Error('no such luck');
    };
    const instances = host.open({ isolation: 'reuse', instances: { reuseCount: 1 } });
    (await take(instances)).release(true);
    fails = true;
    await host.settle();
    t.match(instances.describe(), { lastFailure: 'no such luck' });
    for (let second = 0; second < 20; second += 1) {
      await t.rejects(take(instances), { message: 'no such luck' });
      host.clock.advance(1000);
      await host.settle();
    }
    t.equal(starts, 1 + 1 + 20, 'only requests try again');
    fails = false;
    (await take(instances)).release(true);
    await host.settle();
    t.equal(host.states.warm, 1, 'made ahead again');
    t.equal(instances.describe().lastFailure, undefined);
    instances.close();
    checkEmpty(t, host);
  },
);

t.test('a start that never ends is ended after the time limit of an invocation', async (t) => {
  const host = new FakeHost();
  host.start = (guest) => guest.suspend(new Promise<void>(() => {}));
  const instances = host.open({ limits: { timeoutMs: 500 } });
  const call = take(instances);
  while (host.starting === 0) await host.idle();
  host.clock.advance(500);
  await t.rejects(call, { name: 'RuntimeError' });
  instances.close();
  checkEmpty(t, host);
});

t.test('who acquires can end the guest while it starts', async (t) => {
  const host = new FakeHost();
  host.start = (guest) => guest.suspend(new Promise<void>(() => {}));
  const instances = host.open();
  const call = instances.acquire(createGuestParts(), (guest) => {
    setImmediate(() => guest.endNow({ kind: 'cancelled' }));
  });
  await t.rejects(Promise.resolve(call), { name: 'RuntimeError' });
  instances.close();
  checkEmpty(t, host);
});

t.test('idle instances are given up when the host needs their memory', async (t) => {
  const host = new FakeHost(10);
  const idle = host.open({ isolation: 'reuse', instances: { min: 2 } });
  idle.provision();
  await host.settle();
  const leases = await Promise.all(Array.from({ length: 8 }, () => take(idle)));
  for (const lease of leases) lease.release(true);
  await host.settle();
  t.equal(host.live.size, 8);
  const busy = host.open();
  const taken = await Promise.all(Array.from({ length: 8 }, () => take(busy)));
  t.match(host.evictions, { pressure: 6 });
  t.equal(host.live.size, 10, 'the minimum of the other one stays');
  await t.rejects(take(busy), { message: 'no memory' });
  for (const lease of taken) lease.release(true);
  await host.settle();
  t.ok(host.live.size < 10, 'and nothing is made ahead for a while');
  for (const one of [idle, busy]) one.close();
  checkEmpty(t, host);
});

t.test('an instance in use when its version closes is closed when it is given back', async (t) => {
  const host = new FakeHost();
  const instances = host.open({ isolation: 'reuse' });
  const lease = await take(instances);
  instances.close();
  t.equal(await lease.call([]), 1);
  lease.release(true);
  t.match(host.evictions, { closing: 1 });
  instances.close();
  checkEmpty(t, host);
  host.modules.close();
  t.ok(host.loaded[0]?.isClosed);
});

t.test('what is being made when its version closes is closed at once', async (t) => {
  const host = new FakeHost();
  const gate = Promise.withResolvers<void>();
  const instances = host.open({ instances: { max: 1 }, limits: { concurrency: 1 } });
  await serve(instances);
  host.start = () => gate.promise;
  await host.idle();
  const waiting = take(instances);
  instances.close();
  gate.resolve();
  const lease = await waiting;
  t.equal(await lease.call([]), 1, 'who waited is served all the same');
  lease.release(true);
  await host.idle();
  checkEmpty(t, host);
});
