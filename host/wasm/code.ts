/**
 * Contents of a code section → the bounds of its bodies and every place in them that names a function
 * or grows a memory. Costs one pass over the code.
 */
import { HostError } from '../base/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import type { Edits } from './edits.ts';
import { allocatesGarbage, immediatesOf, readOpcode, skipImmediates } from './instructions.ts';
import { skipValueType } from './types.ts';

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
  /** Largest body accepted, in bytes. */
  readonly maxFunctionBytes: number;
  /** Filled with the places that name functions or grow memories. */
  readonly edits: Edits;
  /** Filled with the indices of the memories that are grown. */
  readonly grownMemories: Set<number>;
}

/**
 * Walks a code section.
 *
 * @param reader At the section's contents.
 * @throws {function_too_large} If a body has more bytes than allowed.
 * @throws {wasm_too_complex} If there are more functions, or references to them, than V8 or memory takes.
 * @throws {gc_refused} If an instruction allocates garbage-collected memory.
 */
export function walkCode(reader: ByteReader, walk: CodeWalk): Bodies {
  const bodies: number[] = [];
  const count = reader.count('function bodies');
  if (count > MAX_FUNCTIONS) {
    throw new HostError('wasm_too_complex', { what: 'functions', limit: MAX_FUNCTIONS });
  }
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
    skipLocals(body);
    walkInstructions(body, walk);
  }
  reader.expectEnd('the code section');
  return bodies;
}

function skipLocals(reader: ByteReader): void {
  for (let left = reader.count('groups of locals'); left > 0; left -= 1) {
    reader.u32();
    skipValueType(reader);
  }
}

function walkInstructions(reader: ByteReader, walk: CodeWalk): void {
  while (!reader.done) {
    const start = reader.offset;
    const opcode = readOpcode(reader);
    const immediates = immediatesOf(opcode);
    if (immediates === 'function') {
      const at = reader.offset;
      const index = reader.u32();
      walk.edits.addFunction(at, reader.offset, index);
    } else if (immediates === 'memoryGrow') {
      const memory = reader.u32();
      if (memory >= walk.memoryCount) throw reader.malformed('the index of a memory', start + 1);
      walk.edits.addGrow(start, reader.offset, memory);
      walk.grownMemories.add(memory);
    } else if (allocatesGarbage(opcode)) {
      throw new HostError('gc_refused', { what: 'objects', offset: start + reader.base });
    } else {
      skipImmediates(reader, immediates);
    }
  }
}
