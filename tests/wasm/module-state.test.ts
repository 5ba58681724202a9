/** What a host finds in a rewritten module: its start function, globals, tables, and whether all of it can be put back. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { run } from './host-side.ts';

t.test('the start function runs when the host calls it, not before', async (t) => {
  const wat = `(module (import "env" "begin" (func $begin)) (global $ran (mut i32) (i32.const 0))
    (func $start (global.set $ran (i32.const 1)) (call $begin)) (start $start)
    (func (export "ran") (result i32) (global.get $ran)))`;
  const module = rewriteCoreModule(await parse(wat));
  t.equal(module.contract.start, 'faas:start');
  const order: string[] = [];
  const { exports } = run(module, { given: { env: { begin: () => order.push('begin') } } });
  t.equal(exports['ran']?.(), 1);
  t.same(order, ['begin']);
  const imported = '(module (import "env" "begin" (func $begin)) (start $begin) (memory 1))';
  run(rewriteCoreModule(await parse(imported)), {
    given: { env: { begin: () => order.push('again') } },
  });
  t.same(order, ['begin', 'again']);
});

t.test('a start function that takes something is refused, as V8 does', async (t) => {
  const bytes = await parse('(module (func $start (param i32)) (start $start))');
  t.notOk(WebAssembly.validate(bytes));
  t.throws(() => rewriteCoreModule(bytes), { code: 'malformed_wasm' });
});

t.test('mutable globals that can change are exported, and can be put back', async (t) => {
  const wat = `(module
    (import "env" "theirs" (global $theirs (mut i32)))
    (global $constant i32 (i32.const 1))
    (global $counter (mut i64) (i64.const 5))
    (global $never (mut i32) (i32.const 2))
    (global $shown (export "shown") (mut f64) (f64.const 0.5))
    (global $callback (mut funcref) (ref.null func))
    (func (export "step") (result i64)
      (global.set $theirs (i32.const 9)) (global.set $callback (ref.func $f))
      (global.set $counter (i64.add (global.get $counter) (i64.const 1))) (global.get $counter))
    (func $f) (elem declare func $f))`;
  const module = rewriteCoreModule(await parse(wat));
  const { globals } = module.contract;
  t.same(globals, ['faas:global2', 'faas:global4', 'faas:global5']);
  t.same(module.contract.reset, { possible: true });
  const theirs = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
  const { exports, instance } = run(module, { given: { env: { theirs } } });
  const found = globals.map((name) => instance.exports[name] as WebAssembly.Global);
  const initial = found.map(({ value }) => value);
  t.equal(exports['step']?.(), 6n);
  t.not(found[2]?.value, null);
  for (const [index, global] of found.entries()) global.value = initial[index] as never;
  t.equal(exports['step']?.(), 6n, 'as the first time');
});

t.test('tables that can change are exported, and their sizes are told', async (t) => {
  const wat = `(module
    (table $fixed 3 funcref) (table $set 4 10 funcref) (table (export "seen") 5 externref)
    (table $filled 6 funcref) (table $copied 7 funcref) (table $initialised 8 funcref) (table $grown i64 9 funcref)
    (elem $passive func $f)
    (func $f)
    (func (export "run") (param i64) (result i64)
      (table.set $set (i32.const 0) (ref.func $f)) (table.fill $filled (i32.const 0) (ref.func $f) (i32.const 1))
      (table.copy $copied $fixed (i32.const 0) (i32.const 0) (i32.const 1))
      (table.init $initialised $passive (i32.const 0) (i32.const 0) (i32.const 1))
      (table.grow $grown (ref.null func) (local.get 0))))`;
  const module = rewriteCoreModule(await parse(wat));
  t.same(module.contract.tables, [
    { name: undefined, minEntries: 3, is64: false },
    { name: 'faas:table1', minEntries: 4, is64: false },
    { name: 'faas:table2', minEntries: 5, is64: false },
    { name: 'faas:table3', minEntries: 6, is64: false },
    { name: 'faas:table4', minEntries: 7, is64: false },
    { name: 'faas:table5', minEntries: 8, is64: false },
    { name: 'faas:table6', minEntries: 9, is64: true },
  ]);
  t.equal(module.contract.growsTables, true);
  const { exports, instance, asked } = run(module, { limit: 100 });
  t.equal(exports['run']?.(3n), 9n);
  t.equal(exports['run']?.(101n), -1n, 'refused');
  t.equal(exports['run']?.(-1n), -1n, 'not even asked');
  t.same(asked, [
    { name: 'chargeTable', amount: 3 },
    { name: 'chargeTable', amount: 101 },
  ]);
  t.equal((instance.exports['faas:table1'] as WebAssembly.Table).get(0) === null, false);
});

t.test('table.grow asks first, and gives back what the table did not take', async (t) => {
  const wat = `(module (import "env" "f" (func $f)) (table $t (export "t") 1 4 (ref null func)) (elem declare func $f)
    (func (export "grow") (param i32) (result i32) (table.grow $t (ref.func $f) (local.get 0))))`;
  const { exports, asked, instance } = run(rewriteCoreModule(await parse(wat)), {
    given: { env: { f: () => undefined } },
  });
  t.equal(exports['grow']?.(2), 1);
  t.equal(exports['grow']?.(2), -1, 'over its own maximum');
  t.equal(exports['grow']?.(-5), -1, 'more than there can be');
  t.equal(exports['grow']?.(0), 3);
  t.same(
    asked.map(({ amount }) => amount),
    [2, 2, -2, 0],
  );
  t.type((instance.exports['t'] as WebAssembly.Table).get(2), 'function');
});

t.test('what stands against a reset is told', async (t) => {
  const cases: [wat: string, reason: RegExp | undefined][] = [
    ['(module (memory 1) (data $d "x") (func (data.drop $d)))', /data segments/],
    ['(module (table 1 funcref) (elem $e func) (func (elem.drop $e)))', /element segments/],
    [
      '(module (global $g (mut v128) (v128.const i64x2 0 0)) (func (global.set $g (global.get $g))))',
      /global/,
    ],
    ['(module (global $g (mut v128) (v128.const i64x2 0 0)) (func))', undefined],
    ['(module (global (export "g") (mut exnref) (ref.null exn)) (func))', /global/],
    ['(module (global (export "g") (mut anyref) (ref.null any)) (func))', /global/],
    ['(module (global (export "g") (mut externref) (ref.null extern)) (func))', undefined],
    [
      '(module (type $t (func)) (global (export "g") (mut (ref null $t)) (ref.null $t)) (func))',
      undefined,
    ],
    ['(module (table (export "t") 1 exnref) (func))', /table/],
    ['(module (table 1 exnref) (func))', undefined],
  ];
  for (const [wat, reason] of cases) {
    const { reset } = rewriteCoreModule(await parse(wat)).contract;
    if (reason === undefined) t.same(reset, { possible: true }, wat);
    else t.match(reset, { possible: false, reason }, wat);
  }
});

t.test('names and indices that belong to the host are refused', async (t) => {
  const refusals: [code: string, wat: string][] = [
    ['reserved_export', '(module (func (export "faas:start")))'],
    ['reserved_export', '(module (global (export "faas:anything") i32 (i32.const 0)))'],
    ['reserved_import', '(module (import "faas:host" "epoch" (func)))'],
  ];
  for (const [code, wat] of refusals) {
    const bytes = await parse(wat);
    t.throws(() => rewriteCoreModule(bytes), { code }, wat);
  }
  const allowed =
    '(module (import "faas:runtime/usage" "get" (func)) (func (export "faas:queue/consumer#handle")))';
  t.ok(rewriteCoreModule(await parse(allowed)).rewritten);
});

t.test('no index that was wrong comes to mean something of the host', async (t) => {
  // Each names what lies one behind the module's own: the epoch, the mark, a function of the host.
  const wrong = [
    '(func (drop (i32.load 1 (i32.const 0))))',
    '(func (i32.store 1 (i32.const 0) (i32.const 0)))',
    '(func (drop (memory.size 1)))',
    '(func (memory.fill 1 (i32.const 0) (i32.const 0) (i32.const 0)))',
    '(func (memory.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0)))',
    '(func (memory.init 1 $d (i32.const 0) (i32.const 0) (i32.const 0)))',
    '(func (drop (i32.atomic.load 1 (i32.const 0))))',
    '(func (v128.store8_lane 1 0 (i32.const 0) (v128.const i64x2 0 0)))',
    '(data (memory 1) (i32.const 0) "x")',
    '(export "m" (memory 1))',
    '(func (drop (global.get 1)))',
    '(func (global.set 1 (i32.const 0)))',
    '(export "g" (global 1))',
    '(func (call 3))',
    '(func (drop (ref.func 3)))',
    '(export "f" (func 3))',
    '(start 3)',
    '(elem (i32.const 0) 3)',
    '(func (drop (table.grow 1 (ref.null func) (i32.const 1))))',
    '(func (local.set 1 (i32.const 0)) (i32.store (i32.const 0) (i32.const 0)))',
  ];
  for (const one of wrong) {
    const bytes = await parse(
      `(module (memory 1) (global (mut i32) (i32.const 0)) (table 1 funcref) (func) (func (i32.store (i32.const 0) (i32.const 0))) ${one} (data $d "x"))`,
    );
    t.notOk(WebAssembly.validate(bytes), one);
    t.throws(() => rewriteCoreModule(bytes), { code: 'malformed_wasm' }, one);
  }
});

t.test('debug information goes, and everything else that holds stays', async (t) => {
  const wat = `(module (@custom "dylink.0" (before type) "\\00") (memory 1)
    (@custom "producers" "\\00") (@custom "target_features" "\\00") (@custom ".debug_info" "x") (@custom ".debug_line" "x")
    (@custom "external_debug_info" "x") (@custom "reloc.CODE" "x") (@custom "component-type:x" "y")
    (func (i32.store (i32.const 0) (i32.const 1))))`;
  const sections = (bytes: Uint8Array): string[] =>
    [
      'dylink.0',
      'producers',
      'target_features',
      '.debug_info',
      '.debug_line',
      'external_debug_info',
      'reloc.CODE',
      'component-type:x',
    ].filter(
      (name) =>
        WebAssembly.Module.customSections(new WebAssembly.Module(Uint8Array.from(bytes)), name)
          .length > 0,
    );
  const bytes = await parse(wat);
  t.equal(sections(bytes).length, 8);
  t.same(sections(rewriteCoreModule(bytes).bytes), [
    'dylink.0',
    'producers',
    'target_features',
    'component-type:x',
  ]);
});
