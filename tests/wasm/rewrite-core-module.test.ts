/** Modules before and after the rewriting must do the same; what grows memory must ask the host. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ByteWriter } from '../../host/wasm/byte-writer.ts';
import { rewriteCoreModule, type RewrittenModule } from '../../host/wasm/rewrite-core-module.ts';
import { run, type Call, type Running } from './host-side.ts';

function start(
  module: RewrittenModule,
  given: WebAssembly.Imports = {},
  limit = Infinity,
): Running {
  return run(module, { given, limit });
}

t.test('a module that grows its memory asks the host and behaves as before', async (t) => {
  const wat = `(module
    (import "env" "twice" (func $twice (param i32) (result i32)))
    (memory (export "memory") 1 100)
    (data (i32.const 8) "kept")
    (func $own (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "grow") (param i32) (result i32) (call $own (call $twice (local.get 0))))
    (func (export "size") (result i32) memory.size)
    (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0))))`;
  const env = { env: { twice: (value: number) => value * 2 } };
  const original = await parse(wat);
  const before = new WebAssembly.Instance(new WebAssembly.Module(original), env);
  const module = rewriteCoreModule(original);
  t.match(module, {
    rewritten: true,
    functionCount: 4,
    contract: {
      start: undefined,
      memories: [
        {
          index: 0,
          minPages: 1,
          maxPages: 100,
          is64: false,
          importName: 'memory0',
          growName: 'grow0',
        },
      ],
    },
  });
  const after = start(module, env, 10);
  for (const [name, ...parameters] of [
    ['grow', 2],
    ['size'],
    ['peek', 8],
    ['peek', 11],
    ['grow', 0],
  ]) {
    const expected = (before.exports as Record<string, Call>)[`${name}`]?.(...parameters);
    t.equal(after.exports[`${name}`]?.(...parameters), expected, `${name} ${parameters.join()}`);
  }
  t.equal(after.exports['grow']?.(6), -1, 'the host may refuse');
  t.equal(after.exports['size']?.(), 5);
  t.same(
    after.asked.map(({ amount }) => amount),
    [4, 0, 12],
  );
  t.equal(
    (after.exports as WebAssembly.Exports)['memory'],
    after.memories[0],
    'it exports the memory of the host',
  );
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(module.bytes));
  t.same(
    imports.map(({ module, name }) => `${module} ${name}`),
    [
      'env twice',
      'faas:host memory0',
      'faas:host epoch',
      'faas:host grow0',
      'faas:host expired',
      'faas:host yield',
      'faas:host nested',
    ],
  );
});

t.test('every place that names a function follows when functions are renumbered', async (t) => {
  const wat = `(module
    (type $answer (func (result i32)))
    (rec (type $a (sub (func (param i32)))) (type $b (sub final $a (func (param i32)))))
    (import "env" "start" (func $imported (param i32)))
    (table $t0 10 funcref)
    (table $t1 10 10 funcref (ref.func $f1))
    (table $t2 2 (ref null $answer))
    (memory 1)
    (tag $oops (param i32))
    (global $g (mut funcref) (ref.func $f2))
    (export "exported" (func $f3))
    (start $begin)
    (elem (i32.const 0) $f1 $f2)
    (elem $passive func $f3)
    (elem (table $t1) (i32.const 1) func $f2)
    (elem declare func $f4)
    (elem (i32.const 2) funcref (ref.func $f3) (ref.null func))
    (elem $expressions funcref (ref.func $f4))
    (elem (table $t1) (i32.const 2) funcref (ref.func $f3))
    (elem declare funcref (ref.func $f5))
    (func $f1 (result i32) (i32.const 1))
    (func $f2 (result i32) (i32.const 2))
    (func $f3 (result i32) (i32.const 3))
    (func $f4 (result i32) (return_call $f3))
    (func $f5 (result i32) (i32.add (call $f1) (call $f4)))
    (func $begin (call $imported (memory.grow (i32.const 1))))
    (func (export "t0") (param i32) (result i32) (call_indirect $t0 (type $answer) (local.get 0)))
    (func (export "t1") (param i32) (result i32) (call_indirect $t1 (type $answer) (local.get 0)))
    (func (export "init") (table.init $t0 $passive (i32.const 4) (i32.const 0) (i32.const 1))
      (table.init $t0 $expressions (i32.const 5) (i32.const 0) (i32.const 1)))
    (func (export "global") (result i32) (table.set $t0 (i32.const 6) (global.get $g))
      (call_indirect $t0 (type $answer) (i32.const 6)))
    (func (export "ref") (result i32) (call_ref $answer (ref.func $f5)))
    (func (export "tail") (result i32) (return_call_ref $answer (ref.func $f4)))
    (func (export "thrown") (result i32)
      (block $caught (result i32)
        (try_table (catch $oops $caught) (throw $oops (call $f5))) (unreachable))))`;
  const callAll = (exports: Readonly<Record<string, Call>>): unknown[] => {
    exports['init']?.();
    return [
      ...[0, 1, 2, 4, 5].map((index) => exports['t0']?.(index)),
      ...[0, 1, 2, 3].map((index) => exports['t1']?.(index)),
      ...['exported', 'global', 'ref', 'tail', 'thrown'].map((name) => exports[name]?.()),
    ];
  };
  const started: unknown[] = [];
  const env = { env: { start: (pages: number) => started.push(pages) } };
  const original = await parse(wat);
  const before = new WebAssembly.Instance(new WebAssembly.Module(original), env);
  const module = rewriteCoreModule(original);
  t.equal(module.contract.start, 'faas:start');
  const after = start(module, env);
  t.same(started, [1, 1], 'the start function ran in both');
  const expected = callAll(before.exports as Record<string, Call>);
  t.same(expected, [1, 2, 3, 3, 3, 1, 2, 3, 1, 3, 2, 4, 3, 4]);
  t.same(callAll(after.exports), expected);
});

t.test('several memories keep their indices, imported ones first', async (t) => {
  const wat = `(module
    (import "env" "shared" (memory $imported 1))
    (import "env" "other" (memory $untouched 1))
    (memory $own 2 7)
    (memory $wide i64 3)
    (memory $still 1)
    (data (memory $own) (i32.const 0) "own!")
    (data $bytes "data")
    (func (export "growImported") (result i32) (memory.grow $imported (i32.const 1)))
    (func (export "growOwn") (result i32) (memory.grow $own (i32.const 2)))
    (func (export "growWide") (result i64) (memory.grow $wide (i64.const 3)))
    (func (export "sizes") (result i32 i32 i32 i64 i32)
      (memory.size $imported) (memory.size $untouched) (memory.size $own) (memory.size $wide) (memory.size $still))
    (func (export "move") (result i64)
      (memory.copy $imported $own (i32.const 4) (i32.const 0) (i32.const 4))
      (memory.init $wide $bytes (i64.const 8) (i32.const 0) (i32.const 4))
      (data.drop $bytes)
      (memory.fill $still (i32.const 0) (i32.const 7) (i32.const 1))
      (i64.or
        (i64.shl (i64.load32_u $imported (i32.const 4)) (i64.const 32))
        (i64.or (i64.load32_u $wide offset=4 (i64.const 4)) (i64.extend_i32_u (i32.load8_u $still (i32.const 0)))))))`;
  const original = await parse(wat);
  const createEnv = () => ({
    env: {
      shared: new WebAssembly.Memory({ initial: 1 }),
      other: new WebAssembly.Memory({ initial: 1 }),
    },
  });
  const before = new WebAssembly.Instance(new WebAssembly.Module(original), createEnv());
  const module = rewriteCoreModule(original);
  t.same(module.contract.memories, [
    {
      index: 0,
      minPages: 1,
      maxPages: undefined,
      is64: false,
      importName: undefined,
      from: ['env', 'shared'],
      growName: 'growImported0',
    },
    {
      index: 2,
      minPages: 2,
      maxPages: 7,
      is64: false,
      importName: 'memory0',
      from: undefined,
      growName: 'grow0',
    },
    {
      index: 3,
      minPages: 3,
      maxPages: undefined,
      is64: true,
      importName: 'memory1',
      from: undefined,
      growName: 'grow1',
    },
    {
      index: 4,
      minPages: 1,
      maxPages: undefined,
      is64: false,
      importName: 'memory2',
      from: undefined,
      growName: undefined,
    },
  ]);
  const after = start(module, createEnv());
  for (const name of ['growImported', 'growOwn', 'growWide', 'sizes', 'move']) {
    t.same(after.exports[name]?.(), (before.exports as Record<string, Call>)[name]?.(), name);
  }
  t.same(after.asked, [
    { name: 'growImported0', amount: 1 },
    { name: 'grow0', amount: 2 },
    { name: 'grow1', amount: 3n },
  ]);
});

t.test('a module without code and state stays as it is', async (t) => {
  for (const wat of [
    '(module)',
    '(module (import "env" "memory" (memory 1)) (data (i32.const 0) "x"))',
    '(module (global (export "g") i32 (i32.const 7)) (table 4 funcref))',
  ]) {
    const original = await parse(wat);
    const module = rewriteCoreModule(original);
    t.equal(module.bytes, original, wat);
    t.match(module, { rewritten: false, contract: { memories: [], checks: false } });
  }
});

t.test('a memory that never grows needs no function and leaves code untouched', async (t) => {
  const module = rewriteCoreModule(
    await parse('(module (memory (export "m") 3 4) (func (export "f")))'),
    { checks: false },
  );
  t.match(module.contract.memories, [{ growName: undefined, importName: 'memory0', maxPages: 4 }]);
  const { memories, exports } = start(module);
  t.equal((exports as WebAssembly.Exports)['m'], memories[0]);
  // A smaller maximum than the module declared: the host's limit counts.
  const imports = { 'faas:host': { memory0: new WebAssembly.Memory({ initial: 3, maximum: 3 }) } };
  t.ok(new WebAssembly.Instance(new WebAssembly.Module(module.bytes), imports));
});

t.test('stack traces keep the names of functions', async (t) => {
  const wat = `(module (memory 1)
    (func $outer (export "run") (local $x i32) (call $inner (memory.grow (i32.const 1))))
    (func $inner (param $unused i32) unreachable)
    (func $innermost))`;
  const { exports } = start(rewriteCoreModule(await parse(wat)));
  try {
    exports['run']?.();
    t.fail('it traps');
  } catch (error) {
    t.match((error as Error).stack, /\binner\b[\s\S]*\bouter\b/);
  }
});

t.test('custom sections stay, but for those that hold offsets', async (t) => {
  const wat = `(module (memory 1)
    (@custom "sourceMappingURL" "\\03url") (@custom "producers" "\\00") (@custom "name" "\\01\\ff")
    (func (param i32) (drop (memory.grow (i32.const 1)))
      (@metadata.code.branch_hint "\\00") (if (local.get 0) (then))))`;
  const original = new WebAssembly.Module(await parse(wat));
  const custom = (module: WebAssembly.Module): number[] =>
    ['sourceMappingURL', 'producers', 'metadata.code.branch_hint'].map(
      (name) => WebAssembly.Module.customSections(module, name).length,
    );
  t.same(custom(original), [1, 1, 1]);
  const { bytes } = rewriteCoreModule(await parse(wat), { checks: false });
  t.same(custom(new WebAssembly.Module(bytes)), [0, 1, 0]);
});

t.test('legacy exceptions, vectors and atomics pass and validate', async (t) => {
  const grow = '(drop (memory.grow (i32.const 1)))';
  const bodies = [
    'try call $f catch $e call $f catch_all rethrow 0 end',
    'try try call $f delegate 0 catch_all end',
    `(v128.store (i32.const 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const i64x2 1 2) (v128.const f32x4 1 2 3 4)))`,
    `(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (atomic.fence)`,
    `(block $a (block $b (br_table $a $b $a (i32.const 1))))`,
    `(drop (select (result funcref) (ref.func $f) (ref.null func) (i32.const 1)))`,
    `(block $l (br_on_null $l (ref.func $f)) (drop))`,
    `(block $l (result (ref $t)) (br_on_non_null $l (ref.func $f)) (unreachable)) (drop)`,
    `(block $l (result anyref) (br_on_cast $l anyref i31ref (ref.i31 (i32.const 1)))) (drop)`,
    `(if (i32.const 1) (then (call $f)) (else (loop (br_if 0 (i32.const 0)))))`,
  ];
  for (const body of bodies) {
    const wat = `(module (type $t (func)) (memory 1) (tag $e) (elem declare func $f)
      (func $f (type $t)) (func ${body} ${grow} (call $f)))`;
    const original = await parse(wat);
    t.ok(WebAssembly.validate(original), body);
    t.ok(WebAssembly.validate(rewriteCoreModule(original).bytes), `rewritten: ${body}`);
  }
});

t.test('what the host cannot bound is refused with a code', async (t) => {
  const refusals: [code: string, wat: string][] = [
    ['shared_memory_refused', '(module (memory 1 2 shared))'],
    ['shared_memory_refused', '(module (import "env" "memory" (memory 1 2 shared)))'],
    ['page_size_refused', '(module (memory 1 2 (pagesize 1)))'],
    ['gc_refused', '(module (type (struct (field i32))))'],
    ['gc_refused', '(module (type (array i32)))'],
    ['gc_refused', '(module (rec (type (func)) (type (sub (array (mut i8))))))'],
    ['reserved_import', '(module (import "faas:host" "grow0" (func)))'],
    ['malformed_wasm', '(module (type $f (func)) (type $c (cont $f)))'],
    ['malformed_wasm', '(module (func (drop (memory.grow (i32.const 1)))))'],
    ['too_many_imports', `(module ${'(import "a" "b" (func))'.repeat(5001)})`],
  ];
  for (const [code, wat] of refusals) {
    const bytes = await parse(wat);
    t.throws(() => rewriteCoreModule(bytes), { code }, wat.slice(0, 80));
  }
});

t.test('what would fill memory while it is read is refused', (t) => {
  const sections = new Uint8Array(8 + 3 * 10_001);
  sections.set([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  for (let at = 9; at < sections.length; at += 3) sections[at] = 1;
  t.throws(() => rewriteCoreModule(sections), { code: 'wasm_too_complex', message: /sections/ });
  const functions = new ByteWriter();
  functions.copy(sections, 0, 8);
  functions.u8(10);
  functions.unsigned(3 + 1_000_001);
  functions.unsigned(1_000_001);
  functions.copy(new Uint8Array(1_000_001), 0, 1_000_001);
  t.throws(() => rewriteCoreModule(functions.finish()), {
    code: 'wasm_too_complex',
    message: /functions/,
  });
  t.end();
});

t.test('a function body over the limit is refused by index and size', async (t) => {
  const wat = (body: string): string => `(module (import "a" "b" (func)) (func) (func ${body}))`;
  const large = await parse(wat('nop '.repeat(1024 * 1024)));
  t.throws(() => rewriteCoreModule(large), {
    code: 'function_too_large',
    fields: { index: 2, bytes: 1024 * 1024 + 2, limit: 1024 * 1024 },
  });
  t.equal(rewriteCoreModule(large, { maxFunctionBytes: 2 ** 21 }).functionCount, 2);
});

t.test('bytes that are no module end in malformed_wasm at their offset', async (t) => {
  const good = await parse(
    '(module (memory 1) (func (export "f") (drop (memory.grow (i32.const 1)))))',
  );
  const cases: [name: string, bytes: Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['another magic', Uint8Array.from(good, (byte, index) => (index === 1 ? 0x62 : byte))],
    ['a section twice', new Uint8Array([...good.slice(0, 8), 5, 1, 0, 5, 1, 0])],
    ['sections out of order', new Uint8Array([...good.slice(0, 8), 5, 1, 0, 1, 1, 0])],
    ['an unknown section', new Uint8Array([...good.slice(0, 8), 14, 0])],
    ['a section without end', new Uint8Array([...good.slice(0, 8), 1, 0x7f, 0])],
  ];
  for (let length = 1; length < good.length; length += 1) {
    cases.push([`the first ${length} bytes`, good.slice(0, length)]);
  }
  for (const [name, bytes] of cases) {
    try {
      rewriteCoreModule(bytes, { base: 5000 });
      // Cut between two sections it is a module still.
      t.ok(WebAssembly.validate(bytes) || /first/.test(name), name);
    } catch (error) {
      const { code, fields } = error as { code: string; fields: { offset: number } };
      t.equal(code, 'malformed_wasm', name);
      t.ok(
        fields.offset >= 5000 && fields.offset <= 5000 + bytes.length,
        `${name}: ${fields.offset}`,
      );
    }
  }
});
