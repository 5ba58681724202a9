/** Memory for the preview1 adapter in programs of Go, on a module that is laid out as Go's linker does it. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { reserveAdapterMemory } from '../../host/wasm/go-adapter-memory.ts';

const PAGE = 65_536;
/** Of the module below: data ends here, and the memory is a megabyte larger. */
const END = 0x33210;
const PAGES = Math.floor((END + 1024 * 1024) / PAGE);
const END_AT = 0x20060;

/** `noptrdata` to `ecovctrs`; what is empty ends where it begins. */
const BOUNDS = [0x20000, 0x21000, 0x21000, 0x22000, 0x22010, 0x30000, 0x30000, END, END, END];

/** A module of Go, reduced to what is looked at. */
function goProgram({ bounds = BOUNDS, after = 0x14000, more = '' } = {}): Promise<Uint8Array> {
  const words = [...bounds, END, after].map((word) => {
    const bytes = Uint8Array.of(word, word >> 8, word >> 16, word >> 24, 0, 0, 0, 0);
    return Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return parse(`(module
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") ${PAGES})
    (global $sp (mut i32) (i32.const 0))
    (func (export "_start"))
    (func (export "end") (result i32) (i32.load (i32.const ${END_AT})))
    ${more}
    (data (i32.const ${END_AT - BOUNDS.length * 8}) "${words.join('')}"))`);
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  end(): number;
  cabi_realloc?(old: number, oldSize: number, align: number, size: number): number;
}

function instantiate(bytes: Uint8Array): Exports {
  const imports = { wasi_snapshot_preview1: { fd_write: () => 0 } };
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  return new WebAssembly.Instance(module, imports).exports as unknown as Exports;
}

t.test('the heap of Go begins above what the adapter gets', async (t) => {
  const {
    end,
    cabi_realloc: allocate,
    memory,
  } = instantiate(reserveAdapterMemory(await goProgram()));
  if (allocate === undefined) throw new Error('there is no cabi_realloc');
  const first = allocate(0, 0, 8, PAGE);
  const second = allocate(0, 0, 16, PAGE);
  t.ok(first >= END && first % 8 === 0, 'above the data, and aligned');
  t.ok(second >= first + PAGE && second % 16 === 0);
  t.ok(end() >= second + PAGE, 'Go knows nothing of it');
  t.ok(end() < memory.buffer.byteLength, 'and it needs no growth');
});

t.test('there is no more than what is reserved, and nothing is moved', async (t) => {
  const bytes = reserveAdapterMemory(await goProgram());
  t.throws(() => instantiate(bytes).cabi_realloc?.(0, 0, 8, 5 * PAGE), WebAssembly.RuntimeError);
  t.throws(() => instantiate(bytes).cabi_realloc?.(END, 8, 8, 16), WebAssembly.RuntimeError);
  const { cabi_realloc: allocate } = instantiate(bytes);
  t.throws(() => {
    for (let taken = 0; taken < 5 * PAGE; taken += PAGE) allocate?.(0, 0, 8, PAGE);
  }, WebAssembly.RuntimeError);
});

t.test('whatever is not laid out like that stays as it is', async (t) => {
  const modules = {
    'bounds out of order': goProgram({ bounds: BOUNDS.toSpliced(3, 1, 0x1000) }),
    'a word after them that is none of gcdata': goProgram({ after: 0x7fffffff }),
    'a cabi_realloc of its own': goProgram({ more: '(func (export "cabi_realloc"))' }),
    'a passive data segment': goProgram({ more: '(data "x")' }),
    'no data': parse('(module (memory 20) (func (export "_start")))'),
    C: parse(
      '(module (memory 2) (global i32 (i32.const 0)) (func (export "_start")) (data (i32.const 1024) "x"))',
    ),
  };
  for (const [name, module] of Object.entries(modules)) {
    const bytes = await module;
    t.equal(reserveAdapterMemory(bytes), bytes, name);
  }
});
