/** Resets of instances: afterwards nothing that a guest can see differs from an instance that was never called. */
import assert from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import { OwnResource } from '../../../host/component/abi/own-resource.ts';
import { endReasonOf } from '../../../host/component/ending.ts';
import { InstanceState } from '../../../host/component/abi/instance-state.ts';
import { ModuleReset } from '../../../host/engine/native/reset-module.ts';
import type { InstanceReset } from '../../../host/engine/native/reset.ts';
import { UNWRITTEN_MARK } from '../../../host/wasm/low-water-mark.ts';
import type { ModuleContract } from '../../../host/wasm/module-contract.ts';
import {
  MEMORY_BYTES,
  OPERATIONS,
  resetGuest,
  type GuestInstance,
  type GuestModule,
} from './reset-guest.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';

const KINDS = ['rewritten', 'marked', 'unmarked'] as const;

function open(module: GuestModule, instance: GuestInstance, sharesSeed = false): InstanceReset {
  const reset = module.reset.open(instance.state, instance.cores, sharesSeed);
  if (typeof reset === 'string') throw new Error(reset);
  return reset;
}

const pokes = fc.array(
  fc.record({
    operation: fc.nat(OPERATIONS.length - 1),
    at: fc.oneof(fc.nat(MEMORY_BYTES), fc.nat(70_000), fc.nat(100)),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  { minLength: 1, maxLength: 20 },
);

for (const kind of KINDS) {
  t.test(`a reset instance equals a fresh one, whatever was written (${kind})`, async (t) => {
    const module = await resetGuest(kind);
    const fresh = module.instantiate();
    const expected = fresh.fingerprint();
    const instance = module.instantiate();
    const reset = open(module, instance);
    const touched = new Set<number>();
    await fc.assert(
      fc.asyncProperty(pokes, fc.boolean(), async (list, full) => {
        for (const { operation, at, value } of list) {
          await instance.poke(operation, at, value);
          touched.add(operation);
        }
        assert(reset.run({}, full), 'it was not reset');
        assert.deepStrictEqual(instance.fingerprint(), expected);
      }),
      { numRuns: 300 },
    );
    t.equal(touched.size, OPERATIONS.length, 'every operation was among them');
  });

  t.test(`each operation is seen by the fingerprint, and undone (${kind})`, async (t) => {
    const module = await resetGuest(kind);
    const expected = module.instantiate().fingerprint();
    const unseen = new Set(['grow by nothing']);
    for (const [operation, name] of OPERATIONS.entries()) {
      const instance = module.instantiate();
      const reset = open(module, instance);
      await instance.poke(operation, 65_601, 123_456_789n);
      if (!unseen.has(name)) t.notSame(instance.fingerprint(), expected, name);
      t.ok(reset.run({}, false), name);
      t.same(instance.fingerprint(), expected, name);
    }
  });
}

for (const kind of KINDS) {
  t.test(
    `an instance made of the memory of one that is gone equals a fresh one (${kind})`,
    async () => {
      const module = await resetGuest(kind);
      const expected = module.instantiate().fingerprint();
      await fc.assert(
        fc.asyncProperty(pokes, pokes, fc.boolean(), async (before, after, isReset) => {
          const instance = module.instantiate();
          if (isReset) assert.equal(instance.keeper.capture(false), undefined);
          for (const { operation, at, value } of before) await instance.poke(operation, at, value);
          if (isReset) {
            assert.ok(instance.keeper.run({}, false));
            for (const { operation, at, value } of after) await instance.poke(operation, at, value);
          }
          instance.keeper.close();
          const next = module.instantiate();
          assert.equal(next.memory, instance.memory);
          assert.deepStrictEqual(next.fingerprint(), expected);
          next.keeper.close();
        }),
        { numRuns: 200 },
      );
    },
  );
}

t.test('the memory of an instance that somebody may still reach is not used again', async (t) => {
  const never = new Promise<string>(() => {});
  const module = await resetGuest('marked', () => never);
  const isUsedAgain = (instance: GuestInstance): boolean => {
    instance.keeper.close();
    instance.keeper.close();
    return module.instantiate().memory === instance.memory;
  };
  t.ok(isUsedAgain(module.instantiate()));
  const grown = module.instantiate();
  await grown.call(1);
  t.notOk(isUsedAgain(grown), 'it grew');
  const ended = module.instantiate();
  await t.rejects(Promise.resolve(ended.call(2)), /unreachable/);
  t.notOk(isUsedAgain(ended), 'it ended');
  const waiting = module.instantiate();
  void waiting.call(3);
  t.notOk(isUsedAgain(waiting), 'it is under way');
  const resource = new OwnResource(waiting.state, 0, 5, true);
  const closed = module.instantiate();
  const held = new OwnResource(closed.state, 0, 5, true);
  closed.keeper.close();
  held[Symbol.dispose]();
  t.throws(() => OwnResource.borrow(resource, closed.state, 0));
  t.throws(() => closed.call(3), 'nothing runs in an instance that is closed');
  t.notOk(closed.keeper.run({}, false));
  const last = module.instantiate();
  module.reset.close();
  last.keeper.close();
  t.equal(module.reset.spares.count, 0, 'nor when the module is closed');
});

t.test('what an instance wrote while it started does not reach the next one', async (t) => {
  const module = await resetGuest('marked');
  const instance = module.instantiate();
  // As a start function would: it is in the state that is captured.
  await instance.poke(OPERATIONS.indexOf('i64.store'), 40, 77n);
  instance.state.called = false;
  t.equal(instance.keeper.capture(true), undefined);
  t.ok(instance.keeper.run({}, false));
  t.equal(new Uint8Array(instance.memory.buffer)[40], 77);
  instance.keeper.close();
  const next = module.instantiate();
  t.equal(next.memory, instance.memory);
  t.equal(new Uint8Array(next.memory.buffer)[40], 0);
});

t.test('an instance that grew, ended or is under way is not reset', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer: string | Promise<string> = 'at once';
  const module = await resetGuest('marked', () => answer);
  const grown = module.instantiate();
  const resetGrown = open(module, grown);
  t.ok(resetGrown.run({}, false), 'one that was not called yet');
  await grown.call(1);
  t.notOk(resetGrown.run({}, false), 'grown');

  const ended = module.instantiate();
  const resetEnded = open(module, ended);
  await t.rejects(Promise.resolve(ended.call(2)), /unreachable/);
  t.notOk(resetEnded.run({}, false), 'ended');

  answer = promise;
  const waiting = module.instantiate();
  const resetWaiting = open(module, waiting);
  const call = waiting.call(3);
  t.notOk(resetWaiting.run({}, false), 'under way');
  resolve('later');
  await call;
  t.ok(resetWaiting.run({}, false), 'when it has returned');
});

t.test('there is no image of an instance that was called, nor one that others share', async (t) => {
  const module = await resetGuest('marked');
  const called = module.instantiate();
  await called.poke(2, 5, 5n);
  t.match(module.reset.open(called.state, called.cores, true), 'it was called before');
  const seeded = module.instantiate({ callsHost: true });
  t.match(
    module.reset.open(seeded.state, seeded.cores, false),
    'it called t:t/i give while it started',
  );
  // Told to, it goes back to its own state, and to nobody else's.
  const before = module.instantiate({ callsHost: true });
  new Uint8Array(before.memory.buffer)[70_000] = 42;
  const own = before.fingerprint();
  const reset = open(module, before, true);
  await before.poke(7, 69_999, 1n);
  t.ok(reset.run({}, false));
  t.same(before.fingerprint(), own);
  const other = module.instantiate();
  const resetOther = open(module, other);
  t.ok(resetOther.run({}, true));
  t.same(
    other.fingerprint(),
    module.instantiate().fingerprint(),
    'the image was not the seeded one',
  );
});

t.test('a module that the rewriting found reasons against is never reset', async (t) => {
  const module = await resetGuest('marked', undefined, {
    contract: { reset: { possible: false, reason: 'drops data' } },
  });
  const { state, cores } = module.instantiate();
  t.equal(module.reset.open(state, cores, true), 'a core module of it drops data');
});

t.test('an instance that is larger at its start than the image is not reset', async (t) => {
  const module = await resetGuest('marked');
  const first = module.instantiate();
  open(module, first);
  const larger = module.instantiate();
  larger.memory.grow(1);
  t.match(module.reset.open(larger.state, larger.cores, false), /another size/);
});

t.test(
  'after a reset imports act for another guest, and resources from before are gone',
  async (t) => {
    const guests: unknown[] = [];
    const module = await resetGuest('marked', (guest) => {
      guests.push(guest);
      return 'text';
    });
    const [first, second] = [{ name: 'first' }, { name: 'second' }];
    const instance = module.instantiate({ guest: first });
    const reset = open(module, instance);
    await instance.call(3);
    const resource = new OwnResource(instance.state, 0, 5, true);
    t.equal(OwnResource.borrow(resource, instance.state, 0), 5);
    t.ok(reset.run(second, false));
    await instance.call(3);
    t.same(guests, [first, second]);
    t.equal(guests[1], second);
    try {
      OwnResource.borrow(resource, instance.state, 0);
      t.fail('it is gone');
    } catch (error) {
      t.match(endReasonOf(error), { kind: 'rule', rule: /no longer holds/ });
    }
    resource[Symbol.dispose]();
  },
);

t.test(
  'handles that an instance has from its start on are there again after a reset',
  async (t) => {
    const module = await resetGuest('marked');
    const withHandles = (value: unknown): GuestInstance => {
      const made = module.instantiate();
      const [component] = made.state.components;
      for (const type of [0, 0, 0]) component?.add(type, value);
      component?.drop(2, 0);
      return made;
    };
    const expected = withHandles(5).fingerprint();
    const instance = withHandles(5);
    const reset = open(module, instance);
    await instance.poke(OPERATIONS.indexOf('new handle'), 1, 0n);
    await instance.poke(OPERATIONS.indexOf('new handle'), 2, 0n);
    t.notSame(instance.fingerprint(), expected);
    t.ok(reset.run({}, false));
    t.same(instance.fingerprint(), expected);
  },
);

t.test('memory below the lowest address that anybody wrote to is left alone', async (t) => {
  const module = await resetGuest('marked');
  const instance = module.instantiate();
  const reset = open(module, instance);
  const bytes = new Uint8Array(instance.memory.buffer);
  const operation = (name: (typeof OPERATIONS)[number]): number => OPERATIONS.indexOf(name);
  const lowest: readonly (readonly [what: string, work: () => unknown, lowest: number])[] = [
    ['nothing was written', () => undefined, 200_000],
    ['the guest wrote', () => instance.poke(operation('i64.store'), 80_000, 1n), 80_000],
    ['the host wrote', () => instance.poke(operation('host writes'), 70_000, 1n), 70_000],
    [
      'both wrote',
      async () => {
        await instance.poke(operation('i64.store'), 100_000, 1n);
        await instance.poke(operation('host writes'), 96_000, 1n);
      },
      96_000,
    ],
  ];
  for (const [what, work, expected] of lowest) {
    await work();
    // Behind the guest's back: a reset does not know of these.
    bytes[expected - 1] = 255;
    bytes[expected] = 255;
    t.ok(reset.run({}, false));
    t.equal(bytes[expected - 1], 255, what);
    t.not(bytes[expected], 255, what);
    t.ok(reset.run({}, true));
    t.not(bytes[expected - 1], 255, 'a full reset writes everything');
  }
});

t.test('all core modules that share a memory count, each by its own mark', (t) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set([1, 2, 3], 100);
  const mark = (): WebAssembly.Global =>
    new WebAssembly.Global({ value: 'i32', mutable: true }, UNWRITTEN_MARK);
  const [first, second] = [mark(), mark()];
  const contract = (field: string, name: string | undefined): ModuleContract => ({
    memories: [],
    tables: [],
    globals: [],
    start: undefined,
    writes: [{ memory: ['env', field], mark: name, bound: 60_000 }],
    checks: false,
    growsTables: false,
    reset: { possible: true },
  });
  const cores = [first, second].map((global, module) => ({
    module,
    imports: { env: { [`m${module}`]: memory } },
    exports: { 'faas:low0': global },
  }));
  const open = (...names: (string | undefined)[]): InstanceReset => {
    const contracts = names.map((name, module) => contract(`m${module}`, name));
    const reset = new ModuleReset(contracts, []).open(
      new InstanceState(new UnmeteredCpu()),
      cores,
      false,
    );
    if (typeof reset === 'string') throw new Error(reset);
    return reset;
  };
  /** Lowest address that is put back. */
  const restoredFrom = (reset: InstanceReset): number => {
    bytes.fill(255);
    t.ok(reset.run({}, false));
    return bytes.findIndex((byte) => byte !== 255);
  };
  const reset = open('faas:low0', 'faas:low0');
  t.equal(restoredFrom(reset), 60_000, 'what every module may write to');
  first.value = 500;
  second.value = 4000;
  t.equal(restoredFrom(reset), 500);
  t.equal(first.value, UNWRITTEN_MARK, 'marks start over');
  second.value = 4000;
  t.equal(restoredFrom(reset), 4000);
  second.value = -5;
  t.equal(restoredFrom(reset), 0, 'an address from 2 GiB up says nothing');
  reset.run({}, true);
  t.equal(restoredFrom(open('faas:low0', undefined)), 0, 'one of them has no mark');
  t.end();
});
