import t from 'tap';
import type { ValueType } from '../../../host/component/plan.ts';
import { createEnding } from '../../../host/component/ending.ts';
import { WitError } from '../../../host/component/host-interface.ts';
import { brokenRule, callingGuest, func, reasonOf, type GuestParts } from './calling-guest.ts';
import {
  core,
  exported,
  instantiatePlan,
  memoryOf,
  options,
  planOf,
  trampoline,
  type TestInstance,
} from './test-component.ts';

const string: ValueType = { kind: 'string' };
const u32: ValueType = { kind: 'u32' };
const result: ValueType = { kind: 'result', ok: u32, err: string };

/** A guest that asks for a result at 64 and returns what lies `offset` bytes from there. */
const asking = (call: () => unknown, offset: number): GuestParts => ({
  type: func([], result),
  coreType: '(param i32)',
  body: `(call $f (i32.const 64)) (i32.load offset=${offset} (i32.const 64))`,
  result: u32,
  call,
  blocking: true,
});

t.test('a guest is suspended until the promise of a blocking function settles', async (t) => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const call = reasonOf(await callingGuest(asking(() => promise, 4)));
  resolve(42);
  t.same(await call, { returned: 42 });
});

t.test('a blocking function may return at once', async (t) => {
  t.same(await reasonOf(await callingGuest(asking(() => 7, 4))), { returned: 7 });
});

t.test('a promise that rejects with an error value gives the guest that value', async (t) => {
  const rejecting = (error: unknown): GuestParts => {
    const rejected = async (): Promise<never> => {
      throw error;
    };
    return asking(rejected, 8);
  };
  t.same(await reasonOf(await callingGuest(rejecting(new WitError('four')))), { returned: 4 });
  const ending = createEnding({ kind: 'timeout' });
  t.same(await reasonOf(await callingGuest(rejecting(ending))), { kind: 'timeout' });
  const bug = new TypeError('a bug of the host');
  t.match(await reasonOf(await callingGuest(rejecting(bug))), { kind: 'trap', error: bug });
});

t.test('the outcome of a wait goes to memory that has grown meanwhile', async (t) => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const instance = await callingGuest(asking(() => promise, 4));
  const call = reasonOf(instance);
  memoryOf(instance).grow(1);
  resolve(9);
  t.same(await call, { returned: 9 });
});

t.test('a result that does not fit into memory ends a guest that waited for it', async (t) => {
  const guest = asking(() => Promise.resolve(1), 4);
  const rule = await brokenRule({
    ...guest,
    body: '(call $f (i32.const 262142)) (i32.const 0)',
  });
  t.match(rule, /range of 12 bytes/);
});

t.test('an instance that waits cannot be entered', async (t) => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const instance = await callingGuest(asking(() => promise, 4));
  const first = reasonOf(instance);
  t.match(await reasonOf(instance), { kind: 'rule', rule: /another call/ });
  resolve(1);
  await first;
});

/** A guest whose destructor calls a function that may block. */
async function nestedGuest(call: () => unknown): Promise<TestInstance> {
  const module = await core(`(module
    (import "host" "f" (func $f))
    (import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (func (export "destroy") (param i32) (call $f))
    (func (export "run") (call $drop (call $new (i32.const 1))))
    (memory (export "memory") 1))`);
  return instantiatePlan(
    planOf({
      imports: [{ interface: 't:t/i', name: 'f', type: func([]) }],
      resources: [{ kind: 'own', component: 0, destructor: exported('destroy') }],
      trampolines: [
        { kind: 'lower', component: 0, import: 0, options: options() },
        { kind: 'resource-new', component: 0, resource: 0 },
        { kind: 'resource-drop', component: 0, resource: 0 },
      ],
      lifts: [{ component: 0, core: exported('run'), type: func([]), options: options() }],
      steps: [
        {
          kind: 'instantiate',
          module: 0,
          imports: [
            ['host', 'f', trampoline(0)],
            ['host', 'new', trampoline(1)],
            ['host', 'drop', trampoline(2)],
          ],
        },
      ],
      exports: [{ interface: '', name: 'run', lift: 0 }],
    }),
    [module],
    [{ name: 'f', type: func([]), call, blocking: true }],
  );
}

t.test('what may block is not even called where nothing can be suspended', async (t) => {
  const instance = await nestedGuest(() => t.fail('called'));
  t.match(await reasonOf(instance), { kind: 'rule', rule: /may block.*destructor/ });
});
