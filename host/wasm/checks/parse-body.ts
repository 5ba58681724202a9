/**
 * Bytes of a function body → its events. Refuses what the rewriting would otherwise make valid: a local
 * behind the last (where ours comes), a label that does not exist, an access to the epoch memory.
 *
 * Hot: one turn of `parseBody`'s loop for every instruction of a module.
 */
import { ByteReader } from '../byte-reader.ts';
import { immediatesOf, readOpcode, skipImmediates } from '../instructions.ts';
import { doubled, EVENT, FLAG, type Body } from './body.ts';
import { PIECE_UNITS, unitsOf } from './cost-model.ts';
import type { ModuleFacts } from './module-facts.ts';
import { SHAPE, SHAPES } from './opcode-shapes.ts';
import { readStraight, refuseMemory } from './straight-code.ts';
import { skipValueType } from '../types.ts';

/** What the parser must know about the guest's surroundings. */
export interface ParseOptions {
  /** Index of the epoch memory, which no instruction may name. */
  readonly epochMemory: number;
  /** Index of the function that a check calls: calls of it count as nothing. */
  readonly slowFunction: number;
  /** Index of the global that holds the low-water mark, -1 if there is none. */
  readonly lowGlobal: number;
}

const OP = Object.freeze({
  if: 0x04,
  end: 0x0b,
  globalGet: 0x23,
  i32Const: 0x41,
  i64Const: 0x42,
  i32LtS: 0x48,
  i32LtU: 0x49,
  memorySize: 0x3f,
});
/** More locals than this are initialised in a loop of V8's that counts. */
const LOCALS_PER_UNIT = 4;
/** V8's own limit. */
const MAX_LOCALS = 50_000;

const UNITS = Uint16Array.from({ length: 256 }, (_, opcode) => unitsOf(opcode));

/** Parses bodies of one module, one after the other. */
export class BodyParser {
  readonly #facts: ModuleFacts;
  readonly #options: ParseOptions;
  readonly #reader: ByteReader;
  /** Openers of the labels around, the function's own first. */
  #labels: Int32Array = new Int32Array(256);
  #depth = 0;
  /** Values that each open label carries: parameters for a loop, results for others. */
  #arities: Int32Array = new Int32Array(256);
  #parameters = 0;
  #results = 0;

  constructor(facts: ModuleFacts, options: ParseOptions) {
    this.#facts = facts;
    this.#options = options;
    this.#reader = new ByteReader(facts.bytes);
  }

  /**
   * Fills `body` with the events of a function.
   *
   * @param index Of the function among those with a body.
   * @throws {malformed_wasm} If its structure is broken, or it names what it must not.
   */
  parse(index: number, body: Body): void {
    const { bodies, functionTypes } = this.#facts;
    const { epochMemory, lowGlobal } = this.#options;
    const reader = this.#reader;
    const bytes = this.#facts.bytes;
    const type = functionTypes[index] ?? 0;
    const end = bodies[index * 3 + 2] ?? 0;
    this.#startBody(index, body);
    this.#depth = 0;
    this.#open(body, EVENT.block, reader.offset, Math.ceil(body.locals / LOCALS_PER_UNIT), 0);
    this.#arities[0] = this.#facts.results[type] ?? 0;

    const locals = body.locals;
    let units = 0;
    let offset = reader.offset;
    // Where the last constant began and ended, and where the last comparison with the low-water mark ended.
    let constAt = -1;
    let constEnd = -1;
    let lowEnd = -1;
    let compareEnd = -1;
    while (offset < end) {
      const at = offset;
      const opcode = bytes[offset] ?? 0;
      offset += 1;
      switch (SHAPES[opcode] ?? SHAPE.other) {
        case SHAPE.plain:
          units += UNITS[opcode] ?? 1;
          if (at === lowEnd && (opcode === OP.i32LtS || opcode === OP.i32LtU)) compareEnd = offset;
          break;
        case SHAPE.local: {
          let value = bytes[offset] ?? 0;
          offset += 1;
          if (value >= 0x80) {
            reader.offset = offset - 1;
            value = reader.u32();
            offset = reader.offset;
          }
          if (value >= locals) throw reader.malformed('the index of a local', at + 1);
          units += 1;
          break;
        }
        case SHAPE.leb:
          while ((bytes[offset] ?? 0) >= 0x80) offset += 1;
          offset += 1;
          units += UNITS[opcode] ?? 1;
          if (opcode === OP.i32Const || opcode === OP.i64Const) {
            constAt = at;
            constEnd = offset;
          } else if (opcode === OP.globalGet && lowGlobal >= 0) {
            reader.offset = at + 1;
            if (reader.u32() === lowGlobal) lowEnd = offset;
          } else if (opcode === OP.memorySize) {
            reader.offset = at + 1;
            if (reader.u32() === epochMemory) throw refuseMemory(reader, at);
          }
          break;
        case SHAPE.memarg: {
          let flags = bytes[offset] ?? 0;
          offset += 1;
          // A number may be written longer than it has to be: then only its end tells where the next one begins.
          if (flags >= 0x80) {
            reader.offset = offset - 1;
            flags = reader.u32();
            offset = reader.offset;
          }
          if ((flags & 0x40) !== 0) {
            reader.offset = offset;
            if (reader.u32() === epochMemory) throw refuseMemory(reader, at);
            offset = reader.offset;
          } else if (epochMemory === 0) throw refuseMemory(reader, at);
          while ((bytes[offset] ?? 0) >= 0x80) offset += 1;
          offset += 1;
          units += 1;
          break;
        }
        default: {
          reader.offset = at;
          const before = body.count;
          const more = this.#other(body, units, constEnd === at ? constAt : -1);
          offset = reader.offset;
          if (opcode === OP.if && compareEnd === at) body.mark(before, FLAG.unlikely);
          units = body.count === before ? units + more : 0;
          if (this.#depth === 0 && offset !== end) throw reader.malformed('the end of the body');
        }
      }
      if (units >= PIECE_UNITS) {
        body.add(EVENT.piece, offset, offset, units, 0, 0);
        units = 0;
      }
    }
    if (offset !== end || this.#depth !== 0) throw reader.malformed('the end of a body', end);
  }

  #startBody(index: number, body: Body): void {
    const { bodies, functionTypes, parameters } = this.#facts;
    const reader = this.#reader;
    body.clear();
    body.start = bodies[index * 3 + 1] ?? 0;
    body.codeEnd = bodies[index * 3 + 2] ?? 0;
    reader.offset = body.start;
    body.localGroups = reader.u32();
    body.groupsStart = reader.offset;
    body.locals = parameters[functionTypes[index] ?? 0] ?? 0;
    for (let left = body.localGroups; left > 0; left -= 1) {
      body.locals += reader.u32();
      if (body.locals > MAX_LOCALS) throw reader.malformed(`at most ${MAX_LOCALS} locals`);
      skipValueType(reader);
    }
    body.codeStart = reader.offset;
  }

  #open(body: Body, kind: number, at: number, units: number, arity: number): number {
    const place = body.add(kind, at, this.#reader.offset, units, 0, 0);
    if (this.#depth === this.#labels.length) {
      this.#labels = doubled(this.#labels);
      this.#arities = doubled(this.#arities);
    }
    this.#labels[this.#depth] = place;
    this.#arities[this.#depth] = arity;
    this.#depth += 1;
    return place;
  }

  /** The opener of the label that the next number names. */
  #label(depth: number, at: number): number {
    if (depth >= this.#depth) throw this.#reader.malformed('the depth of a label', at);
    return this.#labels[this.#depth - 1 - depth] ?? 0;
  }

  #arityOf(depth: number): number {
    return this.#arities[this.#depth - 1 - depth] ?? 0;
  }

  /** Reads a block type into `#parameters` and `#results`. */
  #blockType(): void {
    const reader = this.#reader;
    const code = reader.peek();
    this.#parameters = 0;
    this.#results = code === 0x40 ? 0 : 1;
    if (code === 0x40) reader.u8();
    else if ((code & 0xc0) === 0x40) skipValueType(reader);
    else {
      const at = reader.offset;
      const type = reader.s33();
      this.#parameters = this.#facts.parameters[type] ?? -1;
      this.#results = this.#facts.results[type] ?? 0;
      if (this.#parameters < 0) throw reader.malformed('the index of a type', at);
    }
  }

  /** Reads what is not of a simple shape. @returns Its units, if it is no event. */
  #other(body: Body, before: number, constAt: number): number {
    const reader = this.#reader;
    const at = reader.offset;
    const opcode = readOpcode(reader);
    const own = unitsOf(opcode);
    const units = before + own;
    switch (opcode) {
      case 0x02:
      case 0x03:
      case 0x04:
      case 0x06:
      case 0x1f:
        this.#opener(body, opcode, at, units);
        return 0;
      case 0x05:
      case 0x07:
      case 0x19: {
        if (opcode === 0x07) reader.u32();
        const opener = this.#label(0, at);
        const expected = opcode === 0x05 ? EVENT.if : EVENT.try;
        if (body.kind[opener] !== expected) throw reader.malformed('a block it belongs to', at);
        const kind = opcode === 0x05 ? EVENT.else : EVENT.catch;
        const place = body.add(kind, at, reader.offset, units + this.#arityOf(0), opener, 0);
        // Nothing reads the place of the end of an `if`, so it can tell that there is an `else`.
        if (kind === EVENT.else && (body.b[opener] ?? 0) !== 0) {
          throw reader.malformed('one else', at);
        }
        body.b[opener] = place;
        return 0;
      }
      case 0x0b:
      case 0x18: {
        const opener = this.#label(0, at);
        const arity = this.#arityOf(0);
        this.#depth -= 1;
        if (opcode === 0x18) {
          if (body.kind[opener] !== EVENT.try) throw reader.malformed('a try to delegate', at);
          // Delegating to the function's own label hands on to the caller; both are checked where they are caught.
          if (reader.u32() >= this.#depth) throw reader.malformed('the depth of a label', at);
        }
        const kind = opcode === 0x18 ? EVENT.delegate : EVENT.end;
        const place = body.add(kind, at, reader.offset, units + arity, opener, 0);
        if (body.kind[opener] === EVENT.loop) body.b[opener] = place;
        return 0;
      }
      case 0x0c:
      case 0x0d:
      case 0xd5:
      case 0xd6: {
        const depth = reader.u32();
        const opener = this.#label(depth, at);
        const kind = opcode === 0x0c ? EVENT.br : opcode === 0x0d ? EVENT.brIf : EVENT.brOn;
        body.add(kind, at, reader.offset, units + this.#arityOf(depth), opener, depth);
        return 0;
      }
      case 0xfb0018:
      case 0xfb0019: {
        reader.u8();
        const depth = reader.u32();
        skipImmediates(reader, 'heapType');
        skipImmediates(reader, 'heapType');
        const opener = this.#label(depth, at);
        body.add(EVENT.brOn, at, reader.offset, units + 8 + this.#arityOf(depth), opener, depth);
        return 0;
      }
      case 0x0e: {
        const first = body.targetCount;
        const count = reader.count('labels') + 1;
        let arity = 0;
        for (let left = count; left > 0; left -= 1) {
          const depth = reader.u32();
          body.addTarget(this.#label(depth, at));
          arity = this.#arityOf(depth);
        }
        body.add(EVENT.brTable, at, reader.offset, units + arity, first, count);
        return 0;
      }
      case 0x09:
        if (reader.u32() >= this.#depth) throw reader.malformed('the depth of a label', at);
        body.add(EVENT.leave, at, reader.offset, units, 0, 0);
        return 0;
      case 0x00:
      case 0x08:
      case 0x0a:
        skipImmediates(reader, immediatesOf(opcode));
        body.add(EVENT.leave, at, reader.offset, units, 0, 0);
        return 0;
      case 0x0f:
        body.add(EVENT.return, at, reader.offset, units, 0, 0);
        return 0;
      case 0x10:
      case 0x12:
        return this.#call(body, opcode === 0x12, at, units, own);
      case 0x11:
      case 0x13:
      case 0x14:
      case 0x15: {
        skipImmediates(reader, immediatesOf(opcode));
        const isTail = opcode === 0x13 || opcode === 0x15;
        const kind = isTail ? EVENT.tailCallOutside : EVENT.callOutside;
        body.add(kind, at, reader.offset, units, 0, 0);
        return 0;
      }
      default:
        return own + readStraight(reader, opcode, constAt, this.#options.epochMemory);
    }
  }

  #opener(body: Body, opcode: number, at: number, units: number): void {
    const reader = this.#reader;
    this.#blockType();
    const parameters = this.#parameters;
    const results = this.#results;
    const kinds: Record<number, number> = {
      2: EVENT.block,
      3: EVENT.loop,
      4: EVENT.if,
      6: EVENT.try,
      31: EVENT.tryTable,
    };
    const kind = kinds[opcode] ?? EVENT.block;
    const first = body.targetCount;
    if (kind === EVENT.tryTable) {
      // The labels of the clauses count from outside of the block itself.
      for (let left = reader.count('catch clauses'); left > 0; left -= 1) {
        if (reader.u8() < 2) reader.u32();
        body.addTarget(this.#label(reader.u32(), at));
      }
    }
    const arity = kind === EVENT.loop ? parameters : results;
    const place = this.#open(body, kind, at, units + parameters, arity);
    if (kind === EVENT.loop && parameters === 0) body.mark(place, FLAG.noParameters);
    if (kind === EVENT.try || kind === EVENT.tryTable) body.hasTry = true;
    if (kind === EVENT.tryTable) {
      body.a[place] = first;
      body.b[place] = body.targetCount - first;
    }
  }

  #call(body: Body, isTail: boolean, at: number, units: number, own: number): number {
    const reader = this.#reader;
    const { slowFunction } = this.#options;
    const callee = reader.u32();
    if (callee === slowFunction && !isTail) return own;
    const first = this.#facts.importedFunctions;
    if (callee >= first + this.#facts.functionTypes.length) {
      throw reader.malformed('the index of a function', at + 1);
    }
    const isOutside = callee < first || callee === slowFunction;
    const kind = isOutside
      ? isTail
        ? EVENT.tailCallOutside
        : EVENT.callOutside
      : isTail
        ? EVENT.tailCall
        : EVENT.call;
    body.add(kind, at, reader.offset, units, callee - first, 0);
    return 0;
  }
}
