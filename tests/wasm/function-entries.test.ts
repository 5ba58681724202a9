/** A copy of a module notes which functions were entered, and does what the module does. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { readEntries } from '../../host/deploy/find-first-functions.ts';
import { noteEntries } from '../../host/wasm/function-entries.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { readSections, SECTION } from '../../host/wasm/sections.ts';

t.test('functions that were entered have their indices, imports counted', async (t) => {
  const wat = `(module
    (import "env" "twice" (func $twice (param i32) (result i32)))
    (import "env" "base" (global $base i32))
    (global $sum (mut i32) (i32.const 5))
    (func $unused)
    (func $inner (param i32) (result i32) (local i64 i64 f32 funcref)
      (global.set $sum (i32.add (global.get $sum) (call $twice (local.get 0))))
      (i32.add (global.get $sum) (global.get $base)))
    (func (export "run") (param i32) (result i32) (call $inner (local.get 0)))
    (func (export "other") (result i32) (i32.const 7)))`;
  const copy = noteEntries(await parse(wat));
  t.match(copy, { first: 1, count: 4 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(copy.bytes), {
    env: { twice: (value: number) => value * 2, base: 100 },
  });
  t.same(readEntries(copy, exports), []);
  t.equal((exports['run'] as (value: number) => number)(10), 125);
  t.same(readEntries(copy, exports), [2, 3]);
  t.equal((exports['other'] as () => number)(), 7);
  t.same(readEntries(copy, exports), [2, 3, 4]);
});

t.test('modules without exports, globals or functions', async (t) => {
  for (const wat of ['(module)', '(module (func $f) (start $f))', '(module (memory 1))']) {
    const copy = noteEntries(await parse(wat));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(copy.bytes));
    t.same(readEntries(copy, exports), wat.includes('start') ? [0] : [], wat);
  }
});

t.test('what was rewritten for the host can be copied, of every example', (t) => {
  const folder = new URL('../../components/', import.meta.url);
  for (const name of ['hello-rust', 'files-rust', 'fetch-rust', 'hello-p3-rust']) {
    const bytes = readFileSync(new URL(`${name}.wasm`, folder));
    for (const core of coreModules(bytes)) {
      const copy = noteEntries(rewriteCoreModule(core).bytes);
      t.ok(WebAssembly.validate(copy.bytes), `${name}, ${copy.count} functions`);
      t.notOk(readSections(copy.bytes).some(({ id }) => id === SECTION.custom));
    }
  }
  t.end();
});

/** Core modules of a component: sections of id 1. */
function coreModules(component: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let offset = 8;
  while (offset < component.length) {
    const id = component[offset];
    let size = 0;
    let shift = 0;
    for (let byte = 0x80; byte >= 0x80; shift += 7) {
      offset += 1;
      byte = component[offset] ?? 0;
      size |= (byte & 0x7f) << shift;
    }
    offset += 1;
    if (id === 1) found.push(component.subarray(offset, offset + size));
    offset += size;
  }
  return found;
}
