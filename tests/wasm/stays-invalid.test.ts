/** What V8 refuses in a module must not become valid by what the rewriting adds or writes anew. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';

const LOOP = '(func (loop (br_if 0 (i32.const 0))))';
const MODULES: readonly (readonly [name: string, wat: string])[] = [
  ['a local', '(func (local (ref null 1)))'],
  ['a block', '(func (drop (block (result (ref 1)) (unreachable))))'],
  ['a block type', '(func (block (type 1)))'],
  ['a loop', '(func (drop (loop (result (ref 1)) (unreachable))))'],
  ['a try', '(func (drop (try_table (result (ref 1)) (unreachable))))'],
  ['a selection', '(func (drop (select (result (ref 1)) (unreachable))))'],
  ['a null', '(func (drop (ref.null 1)))'],
  ['a call through a table', '(table 1 funcref) (func (call_indirect (type 1) (i32.const 0)))'],
  ['a tail call', '(table 1 funcref) (func (return_call_indirect (type 1) (i32.const 0)))'],
  ['a call of a reference', '(func (call_ref 1 (unreachable)))'],
  ['a tail call of a reference', '(func (return_call_ref 1 (unreachable)))'],
  ['a global', '(global (ref null 1) (ref.null 1))'],
  ['a table', '(table 1 (ref null 1))'],
  ['a segment', '(elem (ref null 1))'],
  ['a tag', '(tag (type 1))'],
  ['an import', '(import "a" "b" (global (ref null 1)))'],
];

t.test('a type that only the rewriting adds is none of the module', async (t) => {
  for (const [name, wat] of MODULES) {
    const isImport = wat.startsWith('(import');
    const bytes = await parse(`(module (type (func)) ${isImport ? wat + LOOP : LOOP + wat})`);
    t.notOk(WebAssembly.validate(bytes), name);
    t.throws(() => rewriteCoreModule(bytes), { code: 'malformed_wasm' }, name);
    const known = await parse(
      `(module (type (func)) (type (func)) ${isImport ? wat + LOOP : LOOP + wat})`,
    );
    t.equal(
      WebAssembly.validate(rewriteCoreModule(known).bytes),
      WebAssembly.validate(known),
      `${name}, of a type that there is`,
    );
  }
});

t.test('the export of the start function does not declare it', async (t) => {
  const wat = (declared: string): string =>
    `(module ${declared} (start $f) (func $f (drop (ref.func $f))))`;
  const undeclared = await parse(wat(''));
  t.notOk(WebAssembly.validate(undeclared));
  t.throws(() => rewriteCoreModule(undeclared), { code: 'malformed_wasm' });
  for (const declared of ['(elem declare func $f)', '(export "f" (func $f))']) {
    const bytes = rewriteCoreModule(await parse(wat(declared))).bytes;
    t.ok(WebAssembly.validate(bytes), declared);
  }
});

t.test('bounds of a memory that are written too long stay so', (t) => {
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const long = new Uint8Array([...head, 5, 8, 1, 0, 0x82, 0x80, 0x80, 0x80, 0x80, 0]);
  t.notOk(WebAssembly.validate(long));
  t.throws(() => rewriteCoreModule(long), { code: 'malformed_wasm' });
  const short = new Uint8Array([...head, 5, 7, 1, 0, 0x82, 0x80, 0x80, 0x80, 0]);
  t.ok(WebAssembly.validate(short));
  t.ok(WebAssembly.validate(rewriteCoreModule(short).bytes));
  t.end();
});
