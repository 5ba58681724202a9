import t from 'tap';
import { exported, importsOf, planWat, trampoline } from './plan-wat.ts';

/** What a test changes in the component below. */
interface Changes {
  readonly slot0?: string;
  readonly shim?: string;
  readonly table?: string;
  readonly fixup?: string;
  readonly elements?: string;
  readonly adapter?: string;
  readonly rest?: string;
}

/**
 * A component as wit-component builds one: main imports a lowered function (slot 0), a destructor-like
 * function of its own (slot 1) and a function of an adapter that needs main's memory (slot 2).
 */
function shimmed(changes: Changes = {}): string {
  return `(component
    (import "host" (func $host (param "text" string)))
    (core module $shim
      (type $two (func (param i32 i32)))
      (type $one (func (param i32) (result i32)))
      (table ${changes.table ?? '3 3'} funcref)
      (export "0" (func 0)) (export "1" (func 1)) (export "2" (func 2))
      (export "$imports" (table 0))
      (func (type $two) ${changes.slot0 ?? 'local.get 0 local.get 1 i32.const 0 call_indirect (type $two)'})
      (func (type $one) local.get 0 i32.const 1 call_indirect (type $one))
      (func (type $one) local.get 0 i32.const 2 call_indirect (type $one))
      ${changes.shim ?? ''})
    (core instance $shim (instantiate $shim))
    (core module $main
      (import "host" "call" (func (param i32 i32)))
      (import "host" "adapted" (func (param i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "own") (param i32) (result i32) local.get 0)
      (func (export "run")))
    (core instance $main (instantiate $main (with "host" (instance
      (export "call" (func $shim "0"))
      (export "adapted" (func $shim "2"))))))
    (core module $adapter
      (import "main" "memory" (memory 1))
      (import "main" "own" (func (param i32) (result i32)))
      (import "host" "call" (func (param i32 i32)))
      (func (export "adapted") (param i32) (result i32) local.get 0))
    (core instance $adapter (instantiate $adapter
      (with "main" (instance (export "memory" (memory $main "memory")) (export "own" (func $shim "1"))))
      (with "host" (instance (export "call" (func $shim "0"))))))
    ${changes.adapter ?? ''}
    (core func $lowered (canon lower (func $host) (memory (core memory $main "memory"))))
    (core module $fixup
      (type $two (func (param i32 i32)))
      (type $one (func (param i32) (result i32)))
      (import "" "0" (func (type $two)))
      (import "" "1" (func (type $one)))
      (import "" "2" (func (type $one)))
      (import "" "$imports" (table 1 funcref))
      (elem (i32.const 0) func ${changes.elements ?? '0 1 2'})
      ${changes.fixup ?? ''})
    (core instance (instantiate $fixup (with "" (instance
      (export "0" (func $lowered)) (export "1" (func $main "own"))
      (export "2" (func $adapter "adapted")) (export "$imports" (table $shim "$imports"))))))
    ${changes.rest ?? ''})`;
}

/** The same without the function that only the adapter, made later, exports. */
const withoutAdapter = (text: string): string =>
  text
    .replace('(import "host" "adapted" (func (param i32) (result i32)))', '')
    .replace('(export "adapted" (func $shim "2"))', '');

t.test(
  'uses of a shim become what its fixup puts there; it is dropped where all can',
  async (t) => {
    const plan = await planWat(withoutAdapter(shimmed()));
    t.equal(plan.modules.length, 2);
    t.strictSame(importsOf(plan), [
      { 'host.call': trampoline(0) },
      {
        'main.memory': exported(0, 'memory'),
        'main.own': exported(0, 'own'),
        'host.call': trampoline(0),
      },
    ]);
    t.match(plan.trampolines, [{ kind: 'lower', options: { memory: exported(0, 'memory') } }]);
  },
);

t.test('what only a later instance exports stays behind the shim, wasm to wasm', async (t) => {
  const plan = await planWat(shimmed());
  t.equal(plan.modules.length, 4);
  const [shim, main, adapter, fixup] = importsOf(plan);
  t.strictSame(shim, {});
  t.strictSame(main, { 'host.call': trampoline(0), 'host.adapted': exported(0, '2') });
  t.strictSame(adapter, {
    'main.memory': exported(1, 'memory'),
    'main.own': exported(1, 'own'),
    'host.call': trampoline(0),
  });
  t.strictSame(fixup, {
    '.0': trampoline(0),
    '.1': exported(1, 'own'),
    '.2': exported(2, 'adapted'),
    '.$imports': exported(0, '$imports'),
  });
});

t.test(
  'destructors, options and lifted functions are bound to what exists when they are used',
  async (t) => {
    const plan = await planWat(
      withoutAdapter(
        shimmed({
          rest: `(func $lifted (param "x" s32) (result s32) (canon lift (core func $shim "1")))
          (export "f" (func $lifted))`,
        }),
      ),
    );
    t.equal(plan.modules.length, 2);
    t.strictSame(plan.lifts[0]?.core, exported(0, 'own'));
  },
);

const NOT_SHIMS: readonly [why: string, changes: Changes][] = [
  [
    'a body that does something before',
    { slot0: 'nop local.get 0 local.get 1 i32.const 0 call_indirect (type $two)' },
  ],
  [
    'a body that swaps its parameters',
    { slot0: 'local.get 1 local.get 0 i32.const 0 call_indirect (type $two)' },
  ],
  [
    'a body with a local',
    { slot0: '(local i32) local.get 0 local.get 1 i32.const 0 call_indirect (type $two)' },
  ],
  ['a body that returns without calling', { slot0: '' }],
  [
    'a body that does something after',
    { slot0: 'local.get 0 local.get 1 i32.const 0 call_indirect (type $two) nop' },
  ],
  [
    'a slot beyond the table',
    { slot0: 'local.get 0 local.get 1 i32.const 9 call_indirect (type $two)' },
  ],
  ['a memory', { shim: '(memory 1)' }],
  ['a start function', { shim: '(func $s) (start $s)' }],
  ['a global', { shim: '(global i32 (i32.const 0))' }],
  ['a second table', { shim: '(table 1 funcref)' }],
  ['an element segment', { shim: '(elem (i32.const 0) func 0)' }],
  ['a fixup with a start function', { fixup: '(start 3) (func)' }],
  ['a fixup with a second segment', { fixup: '(elem (i32.const 0) func 0)' }],
  ['a fixup with a memory', { fixup: '(memory 1)' }],
  ['a fixup that writes beyond the table', { table: '2 3' }],
];

t.test('modules that do anything else are not taken for shims or fixups', async (t) => {
  for (const [why, changes] of NOT_SHIMS) {
    const plan = await planWat(withoutAdapter(shimmed(changes)));
    t.equal(plan.modules.length, 4, why);
    t.strictSame(importsOf(plan)[1], { 'host.call': exported(0, '0') }, why);
  }
});

t.test('slots are followed by where the fixup puts them, not by name', async (t) => {
  const plan = await planWat(withoutAdapter(shimmed({ elements: '0 2 1' })));
  const adapter = importsOf(plan).at(-2);
  t.equal(
    plan.modules.length,
    4,
    'slot 1 holds the adapter function, which the adapter cannot import',
  );
  t.match(adapter, { 'main.own': exported(0, '1') });
});

t.test('a slot that was filled with another type keeps its trap', async (t) => {
  const plan = await planWat(withoutAdapter(shimmed({ elements: '1 0 2' })));
  t.strictSame(importsOf(plan)[1], { 'host.call': exported(0, '0') });
});

t.test('a table that somebody else uses too cannot be seen through', async (t) => {
  const plan = await planWat(
    withoutAdapter(
      shimmed({
        adapter: `(core module $meddler (import "" "$imports" (table 1 funcref))
          (func $f (param i32 i32)) (elem (i32.const 0) func $f))
          (core instance (instantiate $meddler (with "" (instance
            (export "$imports" (table $shim "$imports"))))))`,
      }),
    ),
  );
  t.equal(plan.modules.length, 5);
  t.strictSame(importsOf(plan)[1], { 'host.call': exported(0, '0') });
});

t.test('a shim whose slot holds its own function is left alone', async (t) => {
  const plan = await planWat(
    shimmed().replace('(export "0" (func $lowered))', '(export "0" (func $shim "0"))'),
  );
  t.match(importsOf(plan)[1], { 'host.call': exported(0, '0') });
});
