/** Hints for V8 stand before the code, and those that a module brings along are gone. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { BRANCH_HINT_SECTION } from '../../host/wasm/branch-hints.ts';
import { ByteWriter } from '../../host/wasm/byte-writer.ts';
import { addCompilationHints } from '../../host/wasm/compilation-hints.ts';
import { readSections } from '../../host/wasm/sections.ts';

const SECTION_NAME = 'metadata.code.compilation_priority';
const WAT = `(module
  (import "env" "f" (func))
  (func (export "a")) (func) (func (export "b") (result i32) (i32.const 4)))`;

function withCustom(bytes: Uint8Array, name: string, contents: Uint8Array): Uint8Array {
  const inner = new ByteWriter();
  inner.name(name);
  inner.copy(contents, 0, contents.length);
  const writer = new ByteWriter();
  writer.copy(bytes, 0, 8);
  writer.u8(0);
  writer.sized(inner.view());
  writer.copy(bytes, 8, bytes.length);
  return writer.finish();
}

t.test('each function is named once, with a priority and no more', async (t) => {
  const hinted = addCompilationHints(await parse(WAT), [1, 300]);
  const module = new WebAssembly.Module(hinted);
  const [section] = WebAssembly.Module.customSections(module, SECTION_NAME);
  t.same([...new Uint8Array(section ?? new ArrayBuffer(0))], [2, 1, 0, 1, 1, 0xac, 2, 0, 1, 1]);
  const { exports } = new WebAssembly.Instance(module, { env: { f: () => {} } });
  t.equal((exports['b'] as () => number)(), 4);
  const names = readSections(hinted).map(({ id, name }) => (id === 0 ? name : id));
  t.ok(names.indexOf(SECTION_NAME) < names.indexOf(10), 'before the code');
});

t.test('a module decides nothing about compilation itself', async (t) => {
  const plain = await parse(WAT);
  t.equal(addCompilationHints(plain, []), plain, 'nothing to change');
  const eager = withCustom(plain, SECTION_NAME, Uint8Array.of(1, 1, 0, 2, 0, 0));
  const calls = withCustom(eager, 'metadata.code.call_targets', Uint8Array.of(0));
  const branches = withCustom(calls, BRANCH_HINT_SECTION, Uint8Array.of(0));
  const named = withCustom(branches, 'producers', Uint8Array.of(0));
  const cleaned = readSections(addCompilationHints(named, []));
  t.same(
    cleaned.map(({ name }) => name).filter((name) => name !== ''),
    ['producers', BRANCH_HINT_SECTION],
  );
});
