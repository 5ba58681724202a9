/** Two components of one composition: the first calls the second. */
import t from 'tap';
import type { Plan, ValueType } from '../../../host/component/plan.ts';
import { reasonOf } from './calling-guest.ts';
import {
  ALLOCATOR,
  core,
  exported,
  func,
  globalOf,
  instantiatePlan,
  options,
  planOf,
  trampoline,
  type TestImport,
  type TestInstance,
} from './test-component.ts';

const string: ValueType = { kind: 'string' };
const u32: ValueType = { kind: 'u32' };

/** `callee` is component 0 and instantiated first; `caller` imports its function as `other.f`. */
async function compose(parts: {
  readonly callee: string;
  readonly caller: string;
  readonly type: ReturnType<typeof func>;
  readonly plan?: Partial<Plan>;
  readonly calleeImports?: readonly (readonly [string, string, number])[];
  readonly callerImports?: readonly (readonly [string, string, number])[];
  readonly imports?: readonly TestImport[];
  readonly run?: ReturnType<typeof func>;
}): Promise<TestInstance> {
  const modules = [await core(parts.callee), await core(parts.caller)];
  const importsOf = (list: readonly (readonly [string, string, number])[] = []) =>
    list.map(([module, field, index]) => [module, field, trampoline(index)] as const);
  return instantiatePlan(
    planOf({
      components: 2,
      lifts: [
        { component: 0, core: exported('f', 0), type: parts.type, options: options({}, 0) },
        {
          component: 1,
          core: exported('run', 1),
          type: parts.run ?? func([]),
          options: options({}, 1),
        },
      ],
      trampolines: [{ kind: 'adapter', component: 1, lift: 0, options: options({}, 1) }],
      steps: [
        { kind: 'instantiate', module: 0, imports: importsOf(parts.calleeImports) },
        {
          kind: 'instantiate',
          module: 1,
          imports: [['other', 'f', trampoline(0)], ...importsOf(parts.callerImports)],
        },
      ],
      exports: [{ interface: '', name: 'run', lift: 1 }],
      ...parts.plan,
    }),
    modules,
    parts.imports ?? [],
  );
}

/** Gives back the string it is given, from its own memory. */
const ECHO = `(module ${ALLOCATOR}
  (func (export "f") (param i32 i32) (result i32)
    (i32.store (i32.const 8) (local.get 0))
    (i32.store (i32.const 12) (local.get 1))
    (i32.const 8)))`;

t.test('values go from one memory to the other and back', async (t) => {
  const instance = await compose({
    callee: ECHO,
    caller: `(module ${ALLOCATOR}
      (import "other" "f" (func $f (param i32 i32 i32)))
      (data (i32.const 64) "hello")
      (func (export "run") (result i32)
        (call $f (i32.const 64) (i32.const 5) (i32.const 16)) (i32.const 16)))`.replace(
      `(module ${ALLOCATOR}\n      (import "other" "f" (func $f (param i32 i32 i32)))`,
      `(module (import "other" "f" (func $f (param i32 i32 i32))) ${ALLOCATOR}`,
    ),
    type: func([string], string),
    run: func([], string),
  });
  t.same(await reasonOf(instance), { returned: 'hello' });
});

t.test('a trap in one ends both, whatever the other would catch', async (t) => {
  const instance = await compose({
    callee: `(module ${ALLOCATOR} (func (export "f") unreachable))`,
    caller: `(module (import "other" "f" (func $f)) ${ALLOCATOR}
      (func (export "run") (block $caught (try_table (catch_all $caught) (call $f)))))`,
    type: func([]),
  });
  t.match(await reasonOf(instance), { kind: 'trap' });
  t.match(await reasonOf(instance), { kind: 'rule', rule: /has ended/ });
});

t.test('the caller is suspended while the called one waits', async (t) => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const instance = await compose({
    callee: `(module (import "host" "wait" (func $wait (result i32))) ${ALLOCATOR}
      (func (export "f") (result i32) (i32.add (call $wait) (i32.const 1))))`,
    caller: `(module (import "other" "f" (func $f (result i32))) ${ALLOCATOR}
      (func (export "run") (result i32) (i32.mul (call $f) (i32.const 2))))`,
    type: func([], u32),
    run: func([], u32),
    calleeImports: [['host', 'wait', 1]],
    imports: [{ name: 'wait', type: func([], u32), call: () => promise, blocking: true }],
    plan: {
      imports: [{ interface: 't:t/i', name: 'wait', type: func([], u32) }],
      trampolines: [
        { kind: 'adapter', component: 1, lift: 0, options: options({}, 1) },
        { kind: 'lower', component: 0, import: 0, options: options({}, 0) },
      ],
    },
  });
  const call = reasonOf(instance);
  resolve(20);
  t.same(await call, { returned: 42 });
});

t.test(
  'resources of one are handles of the other, and are destroyed where they were made',
  async (t) => {
    const resources = [{ kind: 'own', component: 0, destructor: exported('destroy', 0) }] as const;
    const instance = await compose({
      callee: `(module
      (import "host" "new" (func $new (param i32) (result i32)))
      ${ALLOCATOR}
      (global $gone (export "gone") (mut i32) (i32.const 0))
      (func (export "destroy") (param i32) (global.set $gone (local.get 0)))
      (func (export "f") (result i32) (call $new (i32.const 77)))
      (func (export "peek") (param i32) (result i32) (local.get 0)))`,
      caller: `(module
      (import "other" "f" (func $make (result i32)))
      (import "other" "peek" (func $peek (param i32) (result i32)))
      (import "host" "drop" (func $drop (param i32)))
      ${ALLOCATOR}
      (func (export "run") (result i32)
        (local $handle i32) (local $seen i32)
        (local.set $handle (call $make))
        (local.set $seen (call $peek (local.get $handle)))
        (call $drop (local.get $handle))
        (local.get $seen)))`,
      type: func([], { kind: 'own', resource: 0 }),
      run: func([], u32),
      calleeImports: [['host', 'new', 2]],
      callerImports: [
        ['other', 'peek', 1],
        ['host', 'drop', 3],
      ],
      plan: {
        resources,
        lifts: [
          {
            component: 0,
            core: exported('f', 0),
            type: func([], { kind: 'own', resource: 0 }),
            options: options({}, 0),
          },
          { component: 1, core: exported('run', 1), type: func([], u32), options: options({}, 1) },
          {
            component: 0,
            core: exported('peek', 0),
            type: func([{ kind: 'borrow', resource: 0 }], u32),
            options: options({}, 0),
          },
        ],
        trampolines: [
          { kind: 'adapter', component: 1, lift: 0, options: options({}, 1) },
          { kind: 'adapter', component: 1, lift: 2, options: options({}, 1) },
          { kind: 'resource-new', component: 0, resource: 0 },
          { kind: 'resource-drop', component: 1, resource: 0 },
        ],
      },
    });
    t.same(
      await reasonOf(instance),
      { returned: 77 },
      'the one that defines it sees its representation',
    );
    t.equal(globalOf(instance, 'gone'), 77);
  },
);

t.test(
  'the host holds a resource of a component as an object, and destroys it by disposing',
  async (t) => {
    const resources = [{ kind: 'own', component: 0, destructor: exported('destroy', 0) }] as const;
    const make = async (): Promise<TestInstance> =>
      instantiatePlan(
        planOf({
          resources,
          lifts: [
            {
              component: 0,
              core: exported('make'),
              type: func([], { kind: 'own', resource: 0 }),
              options: options(),
            },
            {
              component: 0,
              core: exported('peek'),
              type: func([{ kind: 'borrow', resource: 0 }], u32),
              options: options(),
            },
            {
              component: 0,
              core: exported('take'),
              type: func([{ kind: 'own', resource: 0 }], u32),
              options: options(),
            },
          ],
          trampolines: [
            { kind: 'resource-new', component: 0, resource: 0 },
            { kind: 'resource-rep', component: 0, resource: 0 },
          ],
          steps: [
            {
              kind: 'instantiate',
              module: 0,
              imports: [
                ['host', 'new', trampoline(0)],
                ['host', 'rep', trampoline(1)],
              ],
            },
          ],
          exports: ['make', 'peek', 'take'].map((name, lift) => ({ interface: '', name, lift })),
        }),
        [
          await core(`(module
          (import "host" "new" (func $new (param i32) (result i32)))
          (import "host" "rep" (func $rep (param i32) (result i32)))
          (global $gone (export "gone") (mut i32) (i32.const 0))
          (func (export "destroy") (param i32) (global.set $gone (local.get 0)))
          (func (export "make") (result i32) (call $new (i32.const 5)))
          (func (export "peek") (param i32) (result i32) (local.get 0))
          (func (export "take") (param i32) (result i32) (call $rep (local.get 0)))
          (memory (export "memory") 1))`),
        ],
        [],
      );
    const instance = await make();
    const [create, peek, take] = instance.exports;
    const held = (await create?.()) as Disposable;
    t.equal(await peek?.(held), 5);
    held[Symbol.dispose]();
    held[Symbol.dispose]();
    t.equal(globalOf(instance, 'gone'), 5);
    t.throws(() => peek?.(held), WebAssembly.RuntimeError, 'it is gone');
    const second = await make();
    const given = await second.exports[0]?.();
    t.equal(await second.exports[2]?.(given), 5);
    t.throws(() => second.exports[2]?.(given), WebAssembly.RuntimeError, 'given away');
    const foreign = await (await make()).exports[0]?.();
    const third = await make();
    t.throws(() => third.exports[1]?.(foreign), WebAssembly.RuntimeError, "another instance's");
    t.ok(take);
  },
);
