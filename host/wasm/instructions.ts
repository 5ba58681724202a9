/**
 * The instruction walker: knows which immediates follow every opcode, so that code can be passed over
 * without decoding what it means.
 *
 * Covers WebAssembly 3.0 (multi-memory, memory64, exceptions, tail calls, garbage collection, SIMD and
 * relaxed SIMD), threads, legacy exceptions and wide arithmetic. An opcode outside these is refused:
 * walking on behind it would be guessing.
 *
 * @see https://webassembly.github.io/spec/core/binary/instructions.html
 */
import type { ByteReader } from './byte-reader.ts';
import { skipBlockType, skipHeapType, skipValueType } from './types.ts';

/** What follows an opcode. */
export type Immediates =
  | 'none'
  /** An index of anything but a function or a memory to grow. */
  | 'index'
  | 'twoIndices'
  /** `call`, `return_call`, `ref.func`. */
  | 'function'
  /** `memory.grow`: index of the memory. */
  | 'memoryGrow'
  | 'memarg'
  | 'memargLane'
  | 'lane'
  | 'i32'
  | 'i64'
  | 'fourBytes'
  | 'eightBytes'
  | 'sixteenBytes'
  | 'blockType'
  | 'heapType'
  | 'labels'
  | 'valueTypes'
  | 'catches'
  | 'castBranch'
  | 'fence';

type Range = readonly [from: number, to: number, immediates: Immediates];

const PREFIX = Object.freeze({ gc: 0xfb, misc: 0xfc, simd: 0xfd, atomic: 0xfe });

/** Opcodes of one byte. */
const ONE_BYTE = createTable([
  [0x00, 0x01, 'none'], // unreachable nop
  [0x02, 0x04, 'blockType'], // block loop if
  [0x05, 0x05, 'none'], // else
  [0x06, 0x06, 'blockType'], // try (legacy)
  [0x07, 0x09, 'index'], // catch (legacy) throw rethrow (legacy)
  [0x0a, 0x0b, 'none'], // throw_ref end
  [0x0c, 0x0d, 'index'], // br br_if
  [0x0e, 0x0e, 'labels'], // br_table
  [0x0f, 0x0f, 'none'], // return
  [0x10, 0x10, 'function'], // call
  [0x11, 0x11, 'twoIndices'], // call_indirect
  [0x12, 0x12, 'function'], // return_call
  [0x13, 0x13, 'twoIndices'], // return_call_indirect
  [0x14, 0x15, 'index'], // call_ref return_call_ref
  [0x18, 0x18, 'index'], // delegate (legacy)
  [0x19, 0x1b, 'none'], // catch_all (legacy) drop select
  [0x1c, 0x1c, 'valueTypes'], // select with types
  [0x1f, 0x1f, 'catches'], // try_table
  [0x20, 0x26, 'index'], // locals, globals, table.get table.set
  [0x28, 0x3e, 'memarg'], // loads and stores
  [0x3f, 0x3f, 'index'], // memory.size
  [0x40, 0x40, 'memoryGrow'],
  [0x41, 0x41, 'i32'],
  [0x42, 0x42, 'i64'],
  [0x43, 0x43, 'fourBytes'], // f32.const
  [0x44, 0x44, 'eightBytes'], // f64.const
  [0x45, 0xc4, 'none'], // numeric, sign extension
  [0xd0, 0xd0, 'heapType'], // ref.null
  [0xd1, 0xd1, 'none'], // ref.is_null
  [0xd2, 0xd2, 'function'], // ref.func
  [0xd3, 0xd4, 'none'], // ref.eq ref.as_non_null
  [0xd5, 0xd6, 'index'], // br_on_null br_on_non_null
]);

/** 0xFB: garbage collection. */
const GC = createTable([
  [0x00, 0x01, 'index'], // struct.new struct.new_default
  [0x02, 0x05, 'twoIndices'], // struct.get struct.get_s struct.get_u struct.set
  [0x06, 0x07, 'index'], // array.new array.new_default
  [0x08, 0x0a, 'twoIndices'], // array.new_fixed array.new_data array.new_elem
  [0x0b, 0x0e, 'index'], // array.get array.get_s array.get_u array.set
  [0x0f, 0x0f, 'none'], // array.len
  [0x10, 0x10, 'index'], // array.fill
  [0x11, 0x13, 'twoIndices'], // array.copy array.init_data array.init_elem
  [0x14, 0x17, 'heapType'], // ref.test ref.cast
  [0x18, 0x19, 'castBranch'], // br_on_cast br_on_cast_fail
  [0x1a, 0x1e, 'none'], // conversions, i31
]);

/** 0xFC: saturating conversions, bulk memory, tables, wide arithmetic. */
const MISC = createTable([
  [0x00, 0x07, 'none'], // trunc_sat
  [0x08, 0x08, 'twoIndices'], // memory.init
  [0x09, 0x09, 'index'], // data.drop
  [0x0a, 0x0a, 'twoIndices'], // memory.copy
  [0x0b, 0x0b, 'index'], // memory.fill
  [0x0c, 0x0c, 'twoIndices'], // table.init
  [0x0d, 0x0d, 'index'], // elem.drop
  [0x0e, 0x0e, 'twoIndices'], // table.copy
  [0x0f, 0x11, 'index'], // table.grow table.size table.fill
  [0x13, 0x16, 'none'], // wide arithmetic
]);

/** 0xFD: vectors. What is missing between the ranges was never given a meaning. */
const SIMD = createTable([
  [0x00, 0x0b, 'memarg'], // v128.load… v128.store
  [0x0c, 0x0d, 'sixteenBytes'], // v128.const i8x16.shuffle
  [0x0e, 0x14, 'none'], // swizzle, splats
  [0x15, 0x22, 'lane'], // extract_lane replace_lane
  [0x23, 0x53, 'none'],
  [0x54, 0x5b, 'memargLane'], // load_lane store_lane
  [0x5c, 0x5d, 'memarg'], // load_zero
  [0x5e, 0x99, 'none'],
  [0x9b, 0xa1, 'none'],
  [0xa3, 0xa4, 'none'],
  [0xa7, 0xae, 'none'],
  [0xb1, 0xb1, 'none'],
  [0xb5, 0xba, 'none'],
  [0xbc, 0xc1, 'none'],
  [0xc3, 0xc4, 'none'],
  [0xc7, 0xce, 'none'],
  [0xd1, 0xd1, 'none'],
  [0xd5, 0xe1, 'none'],
  [0xe3, 0xed, 'none'],
  [0xef, 0x113, 'none'], // from 0x100: relaxed SIMD
]);

/** 0xFE: atomics. */
const ATOMIC = createTable([
  [0x00, 0x02, 'memarg'], // notify wait
  [0x03, 0x03, 'fence'],
  [0x10, 0x4e, 'memarg'],
]);

const TABLES: ReadonlyMap<number, readonly (Immediates | undefined)[]> = new Map([
  [PREFIX.gc, GC],
  [PREFIX.misc, MISC],
  [PREFIX.simd, SIMD],
  [PREFIX.atomic, ATOMIC],
]);

/** Opcodes that the rewriting knows one by one. */
export const OPCODE = Object.freeze({
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  callIndirect: 0x11,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableSet: 0x26,
  firstStore: 0x36,
  lastStore: 0x3e,
  memorySize: 0x3f,
  i32Const: 0x41,
  i32LessSigned: 0x48,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  refFunc: 0xd2,
  memoryInit: 0xfc0008,
  dataDrop: 0xfc0009,
  memoryCopy: 0xfc000a,
  memoryFill: 0xfc000b,
  tableInit: 0xfc000c,
  elemDrop: 0xfc000d,
  tableCopy: 0xfc000e,
  tableGrow: 0xfc000f,
  tableFill: 0xfc0011,
  vectorStore: 0xfd000b,
  firstStoreLane: 0xfd0058,
  lastStoreLane: 0xfd005b,
});

/** Whether an opcode stores to a memory; bulk operations and atomics are not among these. */
export function isStore(opcode: number): boolean {
  return (
    (opcode >= OPCODE.firstStore && opcode <= OPCODE.lastStore) ||
    opcode === OPCODE.vectorStore ||
    (opcode >= OPCODE.firstStoreLane && opcode <= OPCODE.lastStoreLane)
  );
}

/** Whether an opcode belongs to the exceptions that came before `try_table`; a module has one kind or the other. */
export function isLegacyException(opcode: number): boolean {
  return opcode <= 0x19 && LEGACY_EXCEPTIONS.has(opcode);
}

/** Whether an opcode has the prefix of atomic operations. */
export function isAtomic(opcode: number): boolean {
  return opcode >>> 16 === PREFIX.atomic;
}

/** try, catch, rethrow, delegate, catch_all. */
const LEGACY_EXCEPTIONS: ReadonlySet<number> = new Set([0x06, 0x07, 0x09, 0x18, 0x19]);

/** Opcodes that allocate in the garbage-collected heap (0xFB). */
const GC_ALLOCATIONS: ReadonlySet<number> = new Set([0x00, 0x01, 0x06, 0x07, 0x08, 0x09, 0x0a]);

/**
 * Reads an opcode.
 *
 * @returns The byte itself, or `prefix << 16 | second opcode` for those with a prefix.
 * @throws {malformed_wasm} If it is none of the known ones.
 */
export function readOpcode(reader: ByteReader): number {
  const start = reader.offset;
  const byte = reader.u8();
  if (ONE_BYTE[byte] !== undefined) return byte;
  const table = TABLES.get(byte);
  if (table === undefined) throw reader.malformed('a known opcode', start);
  const second = reader.u32();
  if (table[second] === undefined) throw reader.malformed('a known opcode', start);
  return (byte << 16) | second;
}

/** What follows an opcode that `readOpcode` returned. */
export function immediatesOf(opcode: number): Immediates {
  const table = opcode < 0x100 ? ONE_BYTE : TABLES.get(opcode >>> 16);
  return table?.[opcode & 0xffff] ?? 'none';
}

/** Whether an opcode allocates a struct or an array. */
export function allocatesGarbage(opcode: number): boolean {
  return opcode >>> 16 === PREFIX.gc && GC_ALLOCATIONS.has(opcode & 0xffff);
}

/** Passes over immediates. */
export function skipImmediates(reader: ByteReader, immediates: Immediates): void {
  switch (immediates) {
    case 'none':
      return;
    case 'index':
    case 'function':
    case 'memoryGrow':
      reader.u32();
      return;
    case 'memarg':
      skipMemarg(reader);
      return;
    case 'i32':
      reader.skipLeb(5);
      return;
    case 'blockType':
      skipBlockType(reader);
      return;
    case 'twoIndices':
      reader.u32();
      reader.u32();
      return;
    case 'i64':
      reader.skipLeb(10);
      return;
    case 'fourBytes':
      reader.skip(4, 'a number');
      return;
    case 'eightBytes':
      reader.skip(8, 'a number');
      return;
    case 'sixteenBytes':
      reader.skip(16, 'a vector');
      return;
    case 'lane':
      reader.u8();
      return;
    case 'memargLane':
      skipMemarg(reader);
      reader.u8();
      return;
    case 'labels':
      for (let left = reader.count('labels'); left >= 0; left -= 1) reader.u32();
      return;
    case 'valueTypes':
      for (let left = reader.count('types'); left > 0; left -= 1) skipValueType(reader);
      return;
    case 'heapType':
      skipHeapType(reader);
      return;
    case 'catches':
      skipCatches(reader);
      return;
    case 'castBranch':
      if (reader.u8() > 3) throw reader.malformed('the flags of a cast', reader.offset - 1);
      reader.u32();
      skipHeapType(reader);
      skipHeapType(reader);
      return;
    case 'fence':
      if (reader.u8() !== 0) throw reader.malformed('a zero byte', reader.offset - 1);
  }
}

/**
 * Reads the index of the memory in an immediate of kind `memarg`: alignment (bit 6: an index follows) and
 * offset. The offset is left to be read.
 */
export function readMemargMemory(reader: ByteReader): number {
  const start = reader.offset;
  const flags = reader.u32();
  // Bits 4 and 5 carry immediates in proposals that no engine has on; the largest alignment is 2^4.
  if ((flags & ~0x40) > 4) throw reader.malformed('the alignment of an access', start);
  return (flags & 0x40) === 0 ? 0 : reader.u32();
}

function skipMemarg(reader: ByteReader): void {
  readMemargMemory(reader);
  reader.skipLeb(10);
}

function skipCatches(reader: ByteReader): void {
  skipBlockType(reader);
  for (let left = reader.count('catch clauses'); left > 0; left -= 1) {
    const kind = reader.u8();
    if (kind > 3) throw reader.malformed('a catch clause', reader.offset - 1);
    // catch and catch_ref name a tag; catch_all and catch_all_ref do not.
    if (kind < 2) reader.u32();
    reader.u32();
  }
}

function createTable(ranges: readonly Range[]): (Immediates | undefined)[] {
  const last = Math.max(...ranges.map(([, to]) => to));
  const table: (Immediates | undefined)[] = Array.from({ length: last + 1 }, () => undefined);
  for (const [from, to, immediates] of ranges) table.fill(immediates, from, to + 1);
  return table;
}
