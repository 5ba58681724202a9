/** Isolation by both ways and both engines, with guests that would tell if they saw anything of each other. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { StrategyChoice } from '../../host/instances/start-strategy.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { example, misbehave, wat } from '../guests/guests.ts';
import { openHarness, type Harness } from '../invoke/harness.ts';

const CALLS = 60;

async function bodies(host: Harness, record: FunctionRecord, path = '/'): Promise<string[]> {
  const found: string[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    // Several at a time, and pauses in which instances are reset and made ahead.
    const together = await Promise.all(
      Array.from({ length: 1 + (call % 3) }, () => host.call(record, path)),
    );
    for (const { body, result } of together) {
      if (result.outcome !== 'ok') throw result.error ?? new Error(result.outcome);
      found.push(body);
    }
    if (call % 4 === 0) await nextTurn();
  }
  return found;
}

async function openWith(t: Test, strategy: StrategyChoice): Promise<Harness> {
  return await openHarness(t, { strategy, engine: 'native' });
}

for (const strategy of ['fresh', 'reset', 'auto'] as const) {
  t.test(`no invocation sees what another left, strategy "${strategy}"`, async (t) => {
    const host = await openWith(t, strategy);
    const bad = await host.deploy('bad', misbehave());
    t.same(new Set(await bodies(host, bad, '/state')), new Set(['1\n']));
    const letters = await host.deploy('letters', await wat('random-letters'));
    t.same(new Set((await bodies(host, letters)).map((body) => body[32])), new Set(['a']));
  });

  t.test(`no two invocations see equal random values, strategy "${strategy}"`, async (t) => {
    const host = await openWith(t, strategy);
    const letters = await host.deploy('letters', await wat('random-letters'));
    const drawn = (await bodies(host, letters)).flatMap((body) => [
      body.slice(0, 16),
      body.slice(16, 32),
    ]);
    t.equal(new Set(drawn).size, drawn.length);
    t.match(host.describe(letters), {
      strategy: 'fresh',
      reason: /called wasi:random\/random@0\.2\.12 get-random-bytes while it started/,
    });
    const bad = await host.deploy('bad', misbehave());
    const random = await bodies(host, bad, '/random');
    t.equal(new Set(random).size, random.length);
  });
}

for (const engine of ['native', 'jco'] as const) {
  for (const isolation of ['request', 'reuse'] as const) {
    for (const snapshot of ['auto', 'never', 'shared-seed'] as const) {
      const mode = `engine ${engine}, isolation "${isolation}", snapshot "${snapshot}"`;
      t.test(`no two invocations draw equal random values, ${mode}`, async (t) => {
        const host = await openHarness(t, { engine });
        const settings = { isolation, instances: { snapshot } };
        const letters = await host.deploy('letters', await wat('random-letters'), settings);
        const found = await bodies(host, letters);
        const drawn = found.map((body) => body.slice(16, 32));
        t.equal(new Set(drawn).size, found.length, 'drawn while it is called');
        const seeds = new Set(found.map((body) => body.slice(0, 16)));
        const sharesSeed = engine === 'native' && snapshot === 'shared-seed';
        const isKept = isolation === 'reuse' || sharesSeed;
        if (!isKept) t.equal(seeds.size, found.length, 'drawn while its instance started');
        t.notOk(
          drawn.some((value) => seeds.has(value)),
          'nor one that was drawn at a start',
        );
        const bad = await host.deploy('bad', misbehave(), settings);
        const random = await bodies(host, bad, '/random');
        t.equal(new Set(random).size, random.length, 'in a large guest');
      });
    }
  }
}

t.test('instances of a hello are reset, and describe() says at what price', async (t) => {
  const host = await openHarness(t, { engine: 'native' });
  const hello = await host.deploy('hello', example('hello-rust'));
  await bodies(host, hello);
  const figures = host.describe(hello);
  t.match(figures, { strategy: 'reset', reason: /a reset takes \d+ µs, a fresh instance \d+ µs/ });
  t.ok(Number(figures?.resetMicros) < Number(figures?.freshMicros));
});

t.test('an author may ask for a shared seed, and gets nothing else shared', async (t) => {
  const host = await openWith(t, 'reset');
  const instances = { snapshot: 'shared-seed' as const };
  const letters = await host.deploy('letters', await wat('random-letters'), { instances });
  const found = await bodies(host, letters);
  const seeds = new Set(found.map((body) => body.slice(0, 16)));
  t.ok(seeds.size < found.length / 4, `${seeds.size} seeds in ${found.length} invocations`);
  t.equal(new Set(found.map((body) => body.slice(16, 32))).size, found.length);
  t.same(new Set(found.map((body) => body[32])), new Set(['a']));
});

t.test('snapshot "never" makes every instance anew', async (t) => {
  const host = await openHarness(t, { engine: 'native' });
  const instances = { snapshot: 'never' as const };
  const hello = await host.deploy('hello', example('hello-rust'), { instances });
  await bodies(host, hello);
  t.match(host.describe(hello), { strategy: 'fresh', reason: /snapshot "never"/ });
});

t.test('the engine jco makes every instance anew', async (t) => {
  const host = await openHarness(t, { engine: 'jco' });
  const bad = await host.deploy('bad', misbehave());
  t.same(new Set(await bodies(host, bad, '/state')), new Set(['1\n']));
  t.match(host.describe(bad), { strategy: 'fresh', reason: /jco cannot reset/ });
});

t.test('commands are reset as well, and see their own request only', async (t) => {
  const host = await openWith(t, 'reset');
  const upper = await host.deploy('upper', example('upper-c'));
  for (let call = 0; call < 20; call += 1) {
    const { body, result } = await host.call(upper, `/${call}`, {
      method: 'POST',
      body: `n${call}`,
    });
    t.equal(result.outcome, 'ok');
    t.match(body, new RegExp(`N${call}\\b`));
    await nextTurn();
  }
});

t.test('an invocation that was cut off leaves nothing to the next one', async (t) => {
  const host = await openWith(t, 'reset');
  const bad = await host.deploy('bad', misbehave(), { limits: { timeoutMs: 50, cpuMs: 40 } });
  for (const path of ['/sleep-forever', '/panic', '/exit?code=0', '/no-response', '/spin']) {
    for (let round = 0; round < 3; round += 1) {
      await host.call(bad, path);
      t.match(await host.call(bad, '/state'), { body: '1\n', result: { outcome: 'ok' } }, path);
      await nextTurn();
    }
  }
});

t.test('a version with a minimum is ready before the first request', async (t) => {
  const host = await openHarness(t);
  const ready = await host.deploy('ready', example('hello-rust'), { instances: { min: 2 } });
  while ((host.describe(ready)?.counts.warm ?? 0) < 2) await nextTurn();
  const { result } = await host.call(ready, '/');
  t.match(result, { outcome: 'ok', start: 'warm' });
});
