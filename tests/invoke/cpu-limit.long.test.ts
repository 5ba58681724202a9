import t from 'tap';
import type { EngineName } from '../../host/engine/manifest.ts';
import { misbehave } from '../guests/guests.ts';
import { burn, BURN_ENVIRONMENT, BURN_PLACES, type BurnPlace } from '../guests/burn.ts';
import { wat } from '../guests/wat.ts';
import { openHarness } from './harness.ts';

const LIMIT_MS = 50;
/** What guest code may use that cannot be suspended. */
const NESTED_MS = 5;
/** What a machine that runs other things besides may take to give the ticker a turn. */
const PATIENCE_MS = 500;

/** Where each engine cannot suspend a guest: jco's glue calls post-return functions itself. */
const NESTED: Readonly<Record<EngineName, (place: BurnPlace) => boolean>> = {
  native: (place) => place.startsWith('realloc'),
  jco: (place) => place.startsWith('realloc') || place === 'post-return',
};

const withoutAllowance = { config: { limits: { coldAllowanceMs: 0 } } };

for (const engine of ['native', 'jco'] as const) {
  t.test(`the ${engine} engine ends whoever uses up its CPU time, wherever it does`, async (t) => {
    const host = await openHarness(t, { engine, ...withoutAllowance });
    for (const place of BURN_PLACES) {
      // The generator of jco does not know these exceptions.
      if (engine === 'jco' && place === 'old-catch-all') continue;
      const record = await host.deploy(place, await burn(place), {
        limits: { cpuMs: LIMIT_MS, timeoutMs: 10_000 },
        environment: BURN_ENVIRONMENT,
      });
      for (let round = 0; round < 2; round += 1) {
        const { result, status } = await host.call(record, '/');
        t.equal(result.outcome, 'cpu_limit', place);
        t.equal(result.error?.code, 'cpu_limit');
        t.equal(status, undefined, 'nothing was answered yet');
        const { cpuMs } = result;
        if (cpuMs === undefined) continue;
        const limitMs = NESTED[engine](place) ? NESTED_MS - 1 : LIMIT_MS;
        t.ok(cpuMs >= limitMs && cpuMs < limitMs + PATIENCE_MS, `${cpuMs} ms`);
      }
    }
  });
}

t.test('the first invocation on a freshly loaded module may use more', async (t) => {
  const host = await openHarness(t, { config: { limits: { coldAllowanceMs: 100 } } });
  const record = await host.deploy('burn', await burn('tight-loop'), { limits: { cpuMs: 20 } });
  const cold = await host.call(record, '/');
  const warm = await host.call(record, '/');
  t.ok((cold.result.cpuMs ?? 0) >= 120, `${cold.result.cpuMs} ms`);
  t.ok((warm.result.cpuMs ?? Infinity) < 120, `${warm.result.cpuMs} ms`);
});

t.test('host calls within a destructor do not renew its budget', async (t) => {
  const host = await openHarness(t, { engine: 'native', ...withoutAllowance });
  const record = await host.deploy('dtor', await wat('nested-destructor'), {
    limits: { cpuMs: 5000, timeoutMs: 10_000 },
  });
  const { result } = await host.call(record, '/');
  t.equal(result.outcome, 'cpu_limit');
  t.ok((result.cpuMs ?? Infinity) < PATIENCE_MS, `${result.cpuMs} ms`);
});

t.test('a guest whose time goes by under JavaScript frames gives way between them', async (t) => {
  const host = await openHarness(t, { engine: 'native', ...withoutAllowance });
  const guest = await wat('burn', {
    start: '',
    post: '',
    burn: `(func $burn (local $n i32)
      (local.set $n (i32.const 1000000))
      (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    realloc: '(global.set $next (i32.const 1024)) (call $burn)',
    handle: '(loop $l (call $random (i64.const 16) (i32.const 64)) (br $l))',
  });
  const record = await host.deploy('slow-realloc', guest, { limits: { cpuMs: 300 } });
  const call = host.call(record, '/');
  let turns = 0;
  const over = call.then(({ result }) => result);
  const turn = (): Promise<undefined> => new Promise((resolve) => setImmediate(resolve, undefined));
  let result = await Promise.race([over, turn()]);
  for (; result === undefined; turns += 1) result = await Promise.race([over, turn()]);
  t.equal(result.outcome, 'cpu_limit');
  // Without giving way there are a few: it starts, and it ends.
  t.ok(turns > 30, `${turns} turns of the event loop`);
});

t.test(
  'guests that burn side by side run out of time, and are ended while they wait',
  async (t) => {
    const host = await openHarness(t);
    const record = await host.deploy('burn', await burn('tight-loop'), {
      limits: { cpuMs: 400, timeoutMs: 400 },
    });
    const calls = await Promise.all(Array.from({ length: 4 }, () => host.call(record, '/')));
    for (const { result } of calls) t.equal(result.outcome, 'timeout');
  },
);

t.test('a guest whose client has gone stops burning', async (t) => {
  const host = await openHarness(t);
  const record = await host.deploy('burn', await burn('catch-all'), {
    limits: { cpuMs: 20_000, timeoutMs: 20_000 },
  });
  const client = new AbortController();
  const call = host.call(record, '/', { signal: client.signal });
  setTimeout(() => client.abort(), 20);
  const { result } = await call;
  t.equal(result.outcome, 'cancelled');
});

t.test('a light function is served while others burn', async (t) => {
  const host = await openHarness(t);
  const burning = await host.deploy('burn', await burn('recursion'), { limits: { cpuMs: 300 } });
  const light = await host.deploy('light', misbehave());
  await host.call(light, '/no-such-path');
  const state = { over: false };
  const burners = Promise.all(Array.from({ length: 4 }, () => host.call(burning, '/'))).finally(
    () => {
      state.over = true;
    },
  );
  const times: number[] = [];
  while (!state.over) {
    const startedMs = performance.now();
    await host.call(light, '/no-such-path');
    times.push(performance.now() - startedMs);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  for (const { result } of await burners) t.equal(result.outcome, 'cpu_limit');
  times.sort((left, right) => left - right);
  const median = times[times.length >> 1] ?? Infinity;
  t.ok(median < 5, `median of ${times.length}: ${median} ms`);
});
