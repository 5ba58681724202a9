/**
 * Contents of a code section → the bounds of its bodies, every place in them that names a function or grows
 * something, and what the code can change. Costs one pass over the code.
 *
 * Indices of memories, globals and functions are checked: V8 would refuse one behind the last, but the
 * rewriting puts memories, globals and functions of the host there.
 */
import { HostError } from '../base/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import type { Edits } from './edits.ts';
import {
  allocatesGarbage,
  immediatesOf,
  isAtomic,
  isLegacyException,
  isStore,
  OPCODE,
  readMemargMemory,
  readOpcode,
  skipImmediates,
} from './instructions.ts';
import { readTypeIndex, skipValueType } from './types.ts';

/** V8's own limit. */
const MAX_FUNCTIONS = 1_000_000;

/** Bounds of function bodies: three numbers each, offset of the size, of the body, and after it. */
export type Bodies = readonly number[];

/** What to watch for while walking code. */
export interface CodeWalk {
  /** Index of the first function with a body, for errors. */
  readonly firstFunction: number;
  /** How many memories the module has, imported ones included. */
  readonly memoryCount: number;
  /** How many tables the module has, imported ones included. */
  readonly tableCount: number;
  /** How many globals the module has, imported ones included. */
  readonly globalCount: number;
  /** Largest body accepted, in bytes. */
  readonly maxFunctionBytes: number;
  /** Filled with the places that name functions or grow memories and tables. */
  readonly edits: Edits;
}

/** What code can change, by indices. */
export interface CodeFacts {
  readonly bodies: Bodies;
  readonly grownMemories: ReadonlySet<number>;
  /** Memories that are stored to, by any means. */
  readonly writtenMemories: ReadonlySet<number>;
  /** Memories with atomic operations. */
  readonly atomicMemories: ReadonlySet<number>;
  readonly grownTables: ReadonlySet<number>;
  /** Tables whose entries are set, grown ones included. */
  readonly changedTables: ReadonlySet<number>;
  readonly changedGlobals: ReadonlySet<number>;
  /** For each body 1 if it stores to memory 0. */
  readonly storing: Uint8Array;
  /** Functions that a `ref.func` names. */
  readonly referredFunctions: ReadonlySet<number>;
  readonly dropsData: boolean;
  readonly dropsElements: boolean;
  /** Whether it has exceptions of the kind before `try_table`. */
  readonly legacyExceptions: boolean;
  /** Most locals that a body declares. */
  readonly mostLocals: number;
}

/**
 * Walks a code section.
 *
 * @param reader At the section's contents.
 * @throws {malformed_wasm} If it is not well-formed, or names what is not there.
 * @throws {function_too_large} If a body has more bytes than allowed.
 * @throws {wasm_too_complex} If there are more functions, or references to them, than V8 or memory takes.
 * @throws {gc_refused} If an instruction allocates garbage-collected memory.
 */
export function walkCode(reader: ByteReader, walk: CodeWalk): CodeFacts {
  const bodies: number[] = [];
  const count = reader.count('function bodies');
  if (count > MAX_FUNCTIONS) {
    throw new HostError('wasm_too_complex', { what: 'functions', limit: MAX_FUNCTIONS });
  }
  const found = new Found(bodies, count);
  for (let index = 0; index < count; index += 1) {
    const sizeAt = reader.offset;
    const body = reader.sized('a function body');
    bodies.push(sizeAt, body.offset, body.end);
    const bytes = body.end - body.offset;
    if (bytes > walk.maxFunctionBytes) {
      const limit = walk.maxFunctionBytes;
      throw new HostError('function_too_large', {
        index: walk.firstFunction + index,
        bytes,
        limit,
      });
    }
    found.mostLocals = Math.max(found.mostLocals, countLocals(body));
    found.body = index;
    walkInstructions(body, walk, found);
  }
  reader.expectEnd('the code section');
  return found;
}

/** What is collected, body by body. */
class Found implements CodeFacts {
  readonly bodies: Bodies;
  readonly grownMemories = new Set<number>();
  readonly writtenMemories = new Set<number>();
  readonly atomicMemories = new Set<number>();
  readonly grownTables = new Set<number>();
  readonly changedTables = new Set<number>();
  readonly changedGlobals = new Set<number>();
  readonly referredFunctions = new Set<number>();
  readonly storing: Uint8Array;
  dropsData = false;
  dropsElements = false;
  legacyExceptions = false;
  mostLocals = 0;
  /** Number of the body that is walked. */
  body = 0;

  constructor(bodies: Bodies, count: number) {
    this.bodies = bodies;
    this.storing = new Uint8Array(count);
  }

  write(memory: number): void {
    this.writtenMemories.add(memory);
    if (memory === 0) this.storing[this.body] = 1;
  }
}

/** Passes over the declarations of locals. @returns How many there are. */
export function countLocals(reader: ByteReader): number {
  let locals = 0;
  for (let left = reader.count('groups of locals'); left > 0; left -= 1) {
    locals += reader.u32();
    skipValueType(reader);
  }
  return locals;
}

function walkInstructions(reader: ByteReader, walk: CodeWalk, found: Found): void {
  while (!reader.done) {
    const start = reader.offset;
    const opcode = readOpcode(reader);
    if (allocatesGarbage(opcode)) {
      throw new HostError('gc_refused', { what: 'objects', offset: start + reader.base });
    }
    if (isLegacyException(opcode)) found.legacyExceptions = true;
    const immediates = immediatesOf(opcode);
    if (immediates === 'function') {
      const index = walk.edits.readFunction(reader);
      if (opcode === OPCODE.refFunc) found.referredFunctions.add(index);
    } else if (immediates === 'memarg' || immediates === 'memargLane') {
      walkAccess(reader, opcode, walk, found);
      if (immediates === 'memargLane') reader.u8();
    } else if (immediates === 'index' || immediates === 'twoIndices') {
      walkIndices(reader, opcode, start, walk, found);
    } else if (immediates === 'memoryGrow') {
      const memory = readIndex(reader, walk.memoryCount, 'memory');
      walk.edits.addGrowMemory(start, reader.offset, memory);
      found.grownMemories.add(memory);
    } else {
      skipImmediates(reader, immediates);
    }
  }
}

/** Loads, stores and atomic operations. */
function walkAccess(reader: ByteReader, opcode: number, walk: CodeWalk, found: Found): void {
  const start = reader.offset;
  const memory = readMemargMemory(reader);
  if (memory >= walk.memoryCount) throw reader.malformed('the index of a memory', start);
  reader.skipLeb(10);
  if (isStore(opcode)) found.write(memory);
  else if (isAtomic(opcode)) found.atomicMemories.add(memory);
}

/** Instructions with one or two indices: what they change depends on the opcode. */
function walkIndices(
  reader: ByteReader,
  opcode: number,
  start: number,
  walk: CodeWalk,
  found: Found,
): void {
  switch (opcode) {
    case OPCODE.callIndirect:
    case OPCODE.returnCallIndirect:
      readTypeIndex(reader);
      reader.u32();
      return;
    case OPCODE.callRef:
    case OPCODE.returnCallRef:
      readTypeIndex(reader);
      return;
    case OPCODE.globalGet:
      readIndex(reader, walk.globalCount, 'global');
      return;
    case OPCODE.globalSet:
      found.changedGlobals.add(readIndex(reader, walk.globalCount, 'global'));
      return;
    case OPCODE.tableSet:
    case OPCODE.tableFill:
      found.changedTables.add(reader.u32());
      return;
    case OPCODE.memorySize:
      readIndex(reader, walk.memoryCount, 'memory');
      return;
    case OPCODE.memoryFill:
      found.write(readIndex(reader, walk.memoryCount, 'memory'));
      return;
    case OPCODE.memoryCopy:
      found.write(readIndex(reader, walk.memoryCount, 'memory'));
      readIndex(reader, walk.memoryCount, 'memory');
      return;
    case OPCODE.memoryInit:
      reader.u32();
      found.write(readIndex(reader, walk.memoryCount, 'memory'));
      return;
    case OPCODE.dataDrop:
      found.dropsData = true;
      break;
    case OPCODE.elemDrop:
      found.dropsElements = true;
      break;
    case OPCODE.tableInit:
      reader.u32();
      found.changedTables.add(reader.u32());
      return;
    case OPCODE.tableCopy:
      found.changedTables.add(reader.u32());
      reader.u32();
      return;
    case OPCODE.tableGrow: {
      const table = readIndex(reader, walk.tableCount, 'table');
      walk.edits.addGrowTable(start, reader.offset, table);
      found.grownTables.add(table);
      found.changedTables.add(table);
      return;
    }
  }
  skipImmediates(reader, immediatesOf(opcode));
}

function readIndex(reader: ByteReader, count: number, what: string): number {
  const start = reader.offset;
  const index = reader.u32();
  if (index >= count) throw reader.malformed(`the index of a ${what}`, start);
  return index;
}
