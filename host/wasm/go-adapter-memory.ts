/**
 * A program that Go has built with `GOOS=wasip1` → the same with a place for the memory of the preview1 adapter.
 *
 * The adapter needs two pages of the program's memory. It asks the program's `cabi_realloc` for them; where there
 * is none, it grows the memory. Go takes it for granted that nobody else grows its memory: what lies above
 * `firstmoduledata.end` is its heap, whatever `memory.grow` has answered (`sbrk` in `src/runtime/mem_wasm.go`). So
 * the heap would run into the adapter's state, as soon as it is a megabyte large.
 *
 * Go's linker gives the memory one MiB above `end`. This moves `end` up by a part of that, with a data segment after
 * the others, and adds a `cabi_realloc` that gives away the gap. The word is recognised by what stands around it;
 * a module without it stays as it is.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readImports } from './imports.ts';
import { PREAMBLE_BYTES, readSections, SECTION, type Section } from './sections.ts';
import { readMemoryType } from './types.ts';

const PAGE_BYTES = 65_536;
/** What Go's linker adds to the data when it sizes the memory. */
const SLACK_BYTES = 1024 * 1024;
/** State and stack of the adapter are a page each; twice that. */
const RESERVED_BYTES = 4 * PAGE_BYTES;
/** Go's data ends below this; a memory image of more is not made. */
const MAX_IMAGE_BYTES = 256 * 1024 * 1024;
/** Words from `noptrdata` to `ecovctrs`, each no lower than the one before, stand before `end` in `moduledata`. */
const WORDS_BEFORE = 10;
/** Addresses below are kept free by Go, so that nil is none. */
const LOWEST_ADDRESS = 4096;
const WORD_BYTES = 8;
const I32 = 0x7f;

/** Sections that get one more entry; a Go program has all of them. */
const EXTENDED: readonly number[] = [
  SECTION.type,
  SECTION.function,
  SECTION.global,
  SECTION.export,
  SECTION.code,
  SECTION.data,
];

/**
 * Reserves memory for the adapter in a program of Go.
 *
 * @param module A well-formed core module.
 * @returns The new module, or the given one if it is no program of Go or has a `cabi_realloc`.
 * @throws {malformed_wasm} If a section cannot be read.
 */
export function reserveAdapterMemory(module: Uint8Array): Uint8Array {
  const sections = new Map(readSections(module).map((section) => [section.id, section]));
  const reader = (id: number): ByteReader => {
    const { contents = 0, end = 0 } = sections.get(id) ?? {};
    return new ByteReader(module, contents, end);
  };
  const complete = EXTENDED.every((id) => sections.has(id)) && sections.has(SECTION.memory);
  if (!complete || sections.has(SECTION.dataCount)) return module;
  if (readExports(reader(SECTION.export)).has('cabi_realloc')) return module;

  const pages = readPages(reader(SECTION.memory));
  const found = pages === undefined ? undefined : findEnd(reader(SECTION.data), pages);
  if (found === undefined) return module;

  const imports = sections.has(SECTION.import)
    ? readImports(reader(SECTION.import), Infinity).imports
    : [];
  const count = (id: number): number => reader(id).count('entries');
  const importedOf = (kind: string): number => imports.filter((one) => one.kind === kind).length;
  const entries = newEntries({
    ...found,
    type: count(SECTION.type),
    global: importedOf('global') + count(SECTION.global),
    func: importedOf('function') + count(SECTION.function),
  });
  return extend(module, readSections(module), entries);
}

/** Pages of the only memory, undefined if it is not one of Go. */
function readPages(reader: ByteReader): number | undefined {
  if (reader.count('memories') !== 1) return undefined;
  const { minPages, is64 } = readMemoryType(reader, 0);
  return is64 ? undefined : minPages;
}

function readExports(reader: ByteReader): ReadonlySet<string> {
  const names = new Set<string>();
  for (let left = reader.count('exports'); left > 0; left -= 1) {
    names.add(reader.name());
    reader.u8();
    reader.u32();
  }
  return names;
}

/** Where `firstmoduledata.end` lies, and what it is. */
interface End {
  readonly address: number;
  readonly value: number;
}

function findEnd(reader: ByteReader, pages: number): End | undefined {
  const image = readImage(reader, pages);
  if (image === undefined) return undefined;
  const view = new DataView(image.buffer);
  const found: End[] = [];
  for (
    let address = WORDS_BEFORE * WORD_BYTES;
    address + 2 * WORD_BYTES <= image.length;
    address += WORD_BYTES
  ) {
    const value = view.getUint32(address, true);
    if (Math.floor((value + SLACK_BYTES) / PAGE_BYTES) !== pages) continue;
    if (standsInModuledata(view, address)) found.push({ address, value });
  }
  // Two would be a layout that we do not know.
  return found.length === 1 ? found[0] : undefined;
}

/** The words before are the bounds of the program's data, in their order; `gcdata`, in it, follows. */
function standsInModuledata(view: DataView, address: number): boolean {
  let last = LOWEST_ADDRESS;
  for (let at = address - WORDS_BEFORE * WORD_BYTES; at <= address; at += WORD_BYTES) {
    const word = view.getUint32(at, true);
    if (word < last || view.getUint32(at + 4, true) !== 0) return false;
    last = word;
  }
  // Bounds of what is empty are the same: this word is the last of them.
  return view.getUint32(address + WORD_BYTES, true) < last;
}

/** The memory as data segments leave it; undefined if they are not the plain ones of Go. */
function readImage(reader: ByteReader, pages: number): Uint8Array<ArrayBuffer> | undefined {
  const length = pages * PAGE_BYTES;
  if (length > MAX_IMAGE_BYTES) return undefined;
  const image = new Uint8Array(length);
  for (let left = reader.count('data segments'); left > 0; left -= 1) {
    if (reader.u8() !== 0 || reader.u8() !== OP.i32Const) return undefined;
    const offset = reader.s32() >>> 0;
    if (reader.u8() !== OP.end) return undefined;
    const data = reader.sized('data');
    const bytes = reader.bytes.subarray(data.offset, data.end);
    if (offset + bytes.length > length) return undefined;
    image.set(bytes, offset);
  }
  return image;
}

const OP = {
  unreachable: 0x00,
  if: 0x04,
  end: 0x0b,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32GtU: 0x4b,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  emptyBlock: 0x40,
} as const;

type Indices = End & { readonly type: number; readonly global: number; readonly func: number };

/** What each section gets. */
function newEntries({ address, value, type, global, func }: Indices): Map<number, Uint8Array> {
  const limit = value + RESERVED_BYTES;
  const write = (fill: (writer: ByteWriter) => void): Uint8Array => {
    const writer = new ByteWriter();
    fill(writer);
    return writer.finish();
  };
  return new Map([
    [SECTION.type, Uint8Array.of(0x60, 4, I32, I32, I32, I32, 1, I32)],
    [SECTION.function, write((writer) => writer.unsigned(type))],
    [
      SECTION.global,
      write((writer) => {
        append(writer, I32, 1, OP.i32Const);
        writer.signed(value | 0);
        writer.u8(OP.end);
      }),
    ],
    [
      SECTION.export,
      write((writer) => {
        writer.name('cabi_realloc');
        writer.u8(0);
        writer.unsigned(func);
      }),
    ],
    [SECTION.code, write((writer) => writer.sized(allocatorBody(global, limit)))],
    [
      SECTION.data,
      write((writer) => {
        append(writer, 0, OP.i32Const);
        writer.signed(address | 0);
        writer.u8(OP.end);
        const word = new Uint8Array(4);
        new DataView(word.buffer).setUint32(0, limit, true);
        writer.sized(word);
      }),
    ],
  ]);
}

/** `cabi_realloc(old, oldSize, align, size)`: gives the next bytes, and traps where there are none or for `old`. */
function allocatorBody(global: number, limit: number): Uint8Array {
  const body = new ByteWriter();
  // One run of locals: two more of type i32, the result (4) and where it ends (5).
  append(body, 1, 2, I32);
  append(body, OP.localGet, 0, OP.if, OP.emptyBlock, OP.unreachable, OP.end);
  // (next + align - 1) & -align
  append(body, OP.globalGet);
  body.unsigned(global);
  append(body, OP.localGet, 2, OP.i32Add, OP.i32Const, 1, OP.i32Sub);
  append(body, OP.i32Const, 0, OP.localGet, 2, OP.i32Sub, OP.i32And, OP.localTee, 4);
  append(body, OP.localGet, 3, OP.i32Add, OP.localTee, 5, OP.i32Const);
  body.signed(limit | 0);
  append(body, OP.i32GtU, OP.if, OP.emptyBlock, OP.unreachable, OP.end);
  append(body, OP.localGet, 5, OP.globalSet);
  body.unsigned(global);
  append(body, OP.localGet, 4, OP.end);
  return body.finish();
}

function append(writer: ByteWriter, ...bytes: readonly number[]): void {
  for (const byte of bytes) writer.u8(byte);
}

function extend(
  module: Uint8Array,
  sections: readonly Section[],
  entries: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const out = new ByteWriter(module.length + 1024);
  out.copy(module, 0, PREAMBLE_BYTES);
  for (const { id, start, contents, end } of sections) {
    const entry = entries.get(id);
    if (entry === undefined) {
      out.copy(module, start, end);
      continue;
    }
    const reader = new ByteReader(module, contents, end);
    const count = reader.count('entries');
    const inner = new ByteWriter(end - contents + entry.length + 8);
    inner.unsigned(count + 1);
    inner.copy(module, reader.offset, end);
    inner.copy(entry, 0, entry.length);
    out.u8(id);
    out.sized(inner.view());
  }
  return out.finish();
}
