/**
 * Reads or passes over types of the core binary format: value types, limits, and the type section.
 *
 * Struct and array types are refused: without them nothing can allocate in the garbage-collected heap,
 * which is the host's own and has no limit per guest.
 *
 * @see https://webassembly.github.io/spec/core/binary/types.html
 */
import { HostError } from '../base/errors.ts';
import type { ByteReader } from './byte-reader.ts';

/** `ref null ht` and `ref ht`, followed by a heap type. */
const REF_NULL = 0x63;
const REF = 0x64;
/** i32 i64 f32 f64 v128. */
const NUMERIC: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b]);
/** noexn nofunc noextern none func extern any eq i31 struct array exn. */
const ABSTRACT_HEAP: ReadonlySet<number> = new Set([
  0x74, 0x73, 0x72, 0x71, 0x70, 0x6f, 0x6e, 0x6d, 0x6c, 0x6b, 0x6a, 0x69,
]);
/** i32 i64 f32 f64, nofunc noextern func extern. */
const READABLE: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x73, 0x72, 0x70, 0x6f]);
const COMPOSITE = Object.freeze({ func: 0x60, struct: 0x5f, array: 0x5e });
const REC_GROUP = 0x4e;
const SUB_FINAL = 0x4f;
const SUB = 0x50;

/** What an address can reach, in pages of 64 KiB. */
const MAX_PAGES_32 = 2 ** 16;
const MAX_PAGES_64 = 2 ** 48;

/** The bounds of a memory. */
export interface MemoryType {
  readonly minPages: number;
  readonly maxPages: number | undefined;
  readonly is64: boolean;
}

/** A value type as its bytes. */
export type ValueType = Uint8Array;

/** A table. */
export interface TableType {
  readonly element: ValueType;
  readonly minEntries: number;
  /** Whether its indices are 64-bit. */
  readonly is64: boolean;
}

/** A global. */
export interface GlobalType {
  readonly value: ValueType;
  readonly mutable: boolean;
  /** What it always holds, where that is a constant of 32 bits. */
  readonly constant?: number;
}

/** How many values a function takes and gives. */
export interface Arity {
  readonly parameters: number;
  readonly results: number;
}

/** Reads a value type. */
export function readValueType(reader: ByteReader): ValueType {
  const start = reader.offset;
  skipValueType(reader);
  return reader.bytes.subarray(start, reader.offset);
}

/**
 * Whether JavaScript can read values of a type from a global or a table and put them back. It cannot
 * see vectors and exceptions, and what it sees of `anyref` need not be what was there.
 */
export function isReadable(type: ValueType): boolean {
  const [code = 0, heap = 0] = type;
  if (code !== REF_NULL && code !== REF) return READABLE.has(code);
  // Type indices come as numbers that are not negative; all types there can be are functions.
  return READABLE.has(heap) || !ABSTRACT_HEAP.has(heap);
}

/** Passes over a value type. */
export function skipValueType(reader: ByteReader): void {
  const start = reader.offset;
  const code = reader.u8();
  if (NUMERIC.has(code) || ABSTRACT_HEAP.has(code)) return;
  if (code !== REF_NULL && code !== REF) throw reader.malformed('a value type', start);
  skipHeapType(reader);
}

/** Passes over a heap type: a type index or an abstract one. */
export function skipHeapType(reader: ByteReader): void {
  const start = reader.offset;
  if (ABSTRACT_HEAP.has(reader.peek())) reader.u8();
  else checkTypeIndex(reader.s33(), reader, start, 'a heap type');
}

/** Passes over a block type: empty, one value type, or a type index. */
export function skipBlockType(reader: ByteReader): void {
  const start = reader.offset;
  const code = reader.peek();
  if (code === 0x40) reader.u8();
  else if ((code & 0xc0) === 0x40) skipValueType(reader);
  else checkTypeIndex(reader.s33(), reader, start, 'a block type');
}

/** Reads the index of a type. @throws {malformed_wasm} If there is no such type. */
export function readTypeIndex(reader: ByteReader): number {
  const start = reader.offset;
  const index = reader.u32();
  checkTypeIndex(index, reader, start, 'the index of a type');
  return index;
}

function checkTypeIndex(index: number, reader: ByteReader, start: number, what: string): void {
  if (index < 0 || index >= reader.typeCount) throw reader.malformed(what, start);
}

/** Passes over a table type. */
export function skipTableType(reader: ByteReader): void {
  readTableType(reader);
}

/** Reads a table type. */
export function readTableType(reader: ByteReader): TableType {
  const element = readValueType(reader);
  const flags = reader.u8();
  // Bit 0: a maximum follows; bit 2: a 64-bit table. A shared table (bit 1) is no part of the standard.
  if ((flags & ~0b101) !== 0) throw reader.malformed('the limits of a table', reader.offset - 1);
  const minEntries = reader.u64();
  if ((flags & 1) !== 0) reader.skipLeb(10);
  return { element, minEntries, is64: (flags & 4) !== 0 };
}

/** Passes over a global type. */
export function skipGlobalType(reader: ByteReader): void {
  readGlobalType(reader);
}

/** Reads a global type. */
export function readGlobalType(reader: ByteReader): GlobalType {
  const value = readValueType(reader);
  const mutable = reader.u8();
  if (mutable > 1) throw reader.malformed('whether a global may change', reader.offset - 1);
  return { value, mutable: mutable === 1 };
}

/** Passes over a tag type. */
export function skipTagType(reader: ByteReader): void {
  if (reader.u8() !== 0) throw reader.malformed('the kind of a tag', reader.offset - 1);
  readTypeIndex(reader);
}

/**
 * Reads a memory type.
 *
 * @param index Index of the memory, for errors.
 * @throws {shared_memory_refused} If the memory is shared.
 * @throws {page_size_refused} If its pages are not 64 KiB.
 */
export function readMemoryType(reader: ByteReader, index: number): MemoryType {
  const flags = reader.u8();
  if ((flags & ~0b1111) !== 0) throw reader.malformed('the limits of a memory', reader.offset - 1);
  if ((flags & 0b0010) !== 0) throw new HostError('shared_memory_refused', { index });
  if ((flags & 0b1000) !== 0) throw new HostError('page_size_refused', { index });
  const is64 = (flags & 0b0100) !== 0;
  const most = is64 ? MAX_PAGES_64 : MAX_PAGES_32;
  const start = reader.offset;
  // V8 takes no longer ones, and what it refuses must not become valid by being written anew.
  const mostBytes = is64 ? 10 : 5;
  const minPages = reader.u64(mostBytes);
  const maxPages = (flags & 1) === 0 ? undefined : reader.u64(mostBytes);
  if (minPages > (maxPages ?? most) || (maxPages ?? 0) > most) {
    throw reader.malformed('possible limits of a memory', start);
  }
  return { minPages, maxPages, is64 };
}

/**
 * Reads the contents of a type section.
 *
 * @returns The types it defines, each a function: one for each member of a recursive group.
 * @throws {gc_refused} If one of them is a struct or an array.
 */
export function readTypes(reader: ByteReader): Arity[] {
  const types: Arity[] = [];
  for (let left = reader.count('types'); left > 0; left -= 1) {
    if (reader.peek() !== REC_GROUP) {
      types.push(readSubType(reader));
      continue;
    }
    reader.u8();
    for (let rest = reader.count('types of a group'); rest > 0; rest -= 1) {
      types.push(readSubType(reader));
    }
  }
  reader.expectEnd('the type section');
  return types;
}

function readSubType(reader: ByteReader): Arity {
  const code = reader.peek();
  if (code === SUB || code === SUB_FINAL) {
    reader.u8();
    for (let left = reader.count('supertypes'); left > 0; left -= 1) reader.u32();
  }
  const start = reader.offset;
  const composite = reader.u8();
  if (composite === COMPOSITE.struct || composite === COMPOSITE.array) {
    const what = composite === COMPOSITE.struct ? 'structs' : 'arrays';
    throw new HostError('gc_refused', { what, offset: start + reader.base });
  }
  if (composite !== COMPOSITE.func) throw reader.malformed('a function type', start);
  const parameters = reader.count('parameters');
  for (let left = parameters; left > 0; left -= 1) skipValueType(reader);
  const results = reader.count('results');
  for (let left = results; left > 0; left -= 1) skipValueType(reader);
  return { parameters, results };
}
