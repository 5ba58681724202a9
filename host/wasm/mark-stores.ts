/**
 * Function body → the instructions that keep the low-water mark: before a store whose address may be below
 * the mark, the mark is lowered to it. A reset then has nothing to do below the mark.
 *
 * Nothing is inserted where it is known that the mark is low enough:
 * - the address is a constant, or has a constant added by the store itself, that is not below the data of
 *   the module: the lowest of these is the `bound`, from which a reset begins at the latest;
 * - the address is a local, plus a constant, to which the mark was lowered before (`covered-locals.ts`): fields of one object
 *   cost one check. The frame of a function is such a local, checked where it is made.
 *
 * Comparisons are signed: `low-water-mark.ts` says why. An address that is below zero then makes the mark
 * negative, and one that is not cannot wrap around when less than 2^31 is added to it.
 */
import { ByteReader } from './byte-reader.ts';
import { countLocals } from './code.ts';
import { CoveredLocals } from './covered-locals.ts';
import type { Insertions } from './insertions.ts';
import {
  immediatesOf,
  isStore,
  OPCODE,
  readMemargMemory,
  readOpcode,
  skipImmediates,
} from './instructions.ts';
import { MarkWriter } from './mark-writer.ts';
import { BASE, OperandStack } from './operand-stack.ts';
import { stackEffectOf } from './stack-effects.ts';
import type { Survey } from './survey.ts';
import { skipValueType, type Arity } from './types.ts';

/** Constants added to a local that a fact about it allows for: half the address space. */
const FULL_SLACK = 0x7fff_ffff;
/** More is never added to an address in code that is worth it. */
const MAX_OFFSET = 2 ** 30;
/** Lower addresses are no data of a toolchain's, whatever the segments say, and would make every reset a full one. */
const FIRST_ADDRESS = 1024;
/** Bytes that 32 bits can address: the bound where there is none. */
const ADDRESS_SPACE = 2 ** 32;
/** Block type of a block without parameters and results. */
const VOID = 0x40;

/** Codes of value types. */
const TYPE = Object.freeze({ i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b });
const STORED: readonly number[] = [
  TYPE.i32,
  TYPE.i64,
  TYPE.f32,
  TYPE.f64,
  TYPE.i32,
  TYPE.i32,
  TYPE.i64,
  TYPE.i64,
  TYPE.i64,
];

/** Marks the stores of one module's bodies, one after another. */
export class StoreMarker {
  readonly #survey: Survey;
  /** Constant addresses from here on need no check. */
  readonly #threshold: number;
  readonly #hasData: boolean;
  readonly #stack = new OperandStack();
  readonly #locals = new CoveredLocals();
  #bound = ADDRESS_SPACE;
  readonly #insertions: Insertions;
  readonly #writer: MarkWriter;
  /** Locals of the body, parameters included. */
  #localCount = 0;

  /**
   * @param mark Index of the global that holds the mark.
   * @param insertions Filled anew for every body.
   */
  constructor(survey: Survey, mark: number, insertions: Insertions) {
    this.#survey = survey;
    this.#writer = new MarkWriter(mark, insertions);
    this.#hasData = survey.definitions.lowestData !== undefined;
    this.#threshold = Math.max(survey.definitions.lowestData ?? 0, FIRST_ADDRESS);
    this.#insertions = insertions;
  }

  /** Lowest address that the bodies so far may write to without lowering the mark. */
  get bound(): number {
    return this.#bound;
  }

  /**
   * Walks a body.
   *
   * @param index Of the function.
   * @param start Of the body: the declarations of its locals.
   * @returns Codes of the types of the locals it needs behind its own.
   */
  mark(index: number, start: number, end: number): readonly number[] {
    this.#insertions.clear();
    this.#stack.reset();
    const reader = new ByteReader(this.#survey.bytes, start, end);
    const { parameters } = this.#typeAt(reader, this.#survey.functionTypes[index] ?? -1);
    this.#localCount = parameters + countLocals(reader);
    this.#writer.reset(this.#localCount);
    this.#locals.reset(this.#localCount);
    this.#locals.announce(new ByteReader(reader.bytes, reader.offset, end));
    while (!reader.done) this.#step(reader);
    return this.#writer.localTypes;
  }

  #step(reader: ByteReader): void {
    const start = reader.offset;
    const opcode = readOpcode(reader);
    if (isStore(opcode)) {
      this.#store(reader, opcode, start);
      return;
    }
    switch (opcode) {
      case OPCODE.localGet: {
        const local = this.#readLocal(reader);
        this.#pushLocal(local);
        return;
      }
      case OPCODE.localSet:
      case OPCODE.localTee:
        this.#assign(reader, opcode === OPCODE.localTee);
        return;
      case OPCODE.globalGet: {
        const global = this.#survey.definitions.globals[reader.u32()];
        if (global?.constant !== undefined) {
          this.#stack.push(BASE.constant, global.constant, 0);
          return;
        }
        const isPointer = global?.mutable === true && global.value[0] === TYPE.i32;
        this.#stack.push(isPointer ? BASE.global : BASE.unknown, 0, 0);
        return;
      }
      case OPCODE.i32Const:
        this.#stack.push(BASE.constant, reader.s32(), 0);
        return;
      case OPCODE.i32Add:
        this.#add();
        return;
      case OPCODE.i32Sub:
        this.#subtract();
        return;
      case OPCODE.memoryFill:
      case OPCODE.memoryCopy:
      case OPCODE.memoryInit:
        this.#bulk(reader, opcode, start);
        return;
    }
    const effect = stackEffectOf(opcode);
    if (effect === undefined) {
      this.#control(reader, opcode, start);
      return;
    }
    skipImmediates(reader, immediatesOf(opcode));
    this.#stack.drop(effect >> 4);
    this.#stack.pushUnknown(effect & 15);
  }

  /** Instructions that open, close or leave blocks, and calls. */
  #control(reader: ByteReader, opcode: number, start: number): void {
    const stack = this.#stack;
    switch (opcode) {
      case 0x02: // block
      case 0x06: // try
        this.#open(reader);
        return;
      case 0x03: // loop
        this.#locals.enterLoop();
        this.#open(reader);
        return;
      case 0x04: // if
        stack.drop(1);
        this.#open(reader);
        return;
      case 0x1f: {
        // try_table: its clauses follow the block type.
        const at = reader.offset;
        this.#open(reader);
        reader.offset = at;
        skipImmediates(reader, 'catches');
        return;
      }
      case 0x05: // else
        this.#locals.leave(stack.depth);
        stack.reopen();
        return;
      case 0x07: // catch
      case 0x19: // catch_all
        skipImmediates(reader, immediatesOf(opcode));
        this.#locals.leave(stack.depth);
        stack.empty();
        return;
      case 0x0b: // end
      case 0x18: // delegate
        skipImmediates(reader, immediatesOf(opcode));
        this.#locals.leave(stack.depth);
        stack.close();
        return;
      case 0x10: // call
        this.#call(reader, this.#survey.functionTypes[reader.u32()] ?? -1, 0);
        return;
      case 0x11: // call_indirect
        this.#call(reader, reader.u32(), 1);
        reader.u32();
        return;
      case 0x14: // call_ref
        this.#call(reader, reader.u32(), 1);
        return;
      case 0x00: // unreachable
      case 0x08: // throw
      case 0x09: // rethrow
      case 0x0a: // throw_ref
      case 0x0c: // br
      case 0x0e: // br_table
      case 0x0f: // return
      case 0x12: // return_call
      case 0x13: // return_call_indirect
      case 0x15: // return_call_ref
        skipImmediates(reader, immediatesOf(opcode));
        stack.empty();
        return;
    }
    throw reader.malformed('an instruction without objects', start);
  }

  #open(reader: ByteReader): void {
    const { parameters, results } = this.#readBlockType(reader);
    this.#stack.open(parameters, results);
  }

  #readBlockType(reader: ByteReader): Arity {
    const code = reader.peek();
    if ((code & 0xc0) !== 0x40) return this.#typeAt(reader, reader.s33());
    if (code === VOID) reader.u8();
    else skipValueType(reader);
    return { parameters: 0, results: code === VOID ? 0 : 1 };
  }

  /** @param operands Taken besides the parameters. */
  #call(reader: ByteReader, type: number, operands: number): void {
    const { parameters, results } = this.#typeAt(reader, type);
    this.#stack.drop(parameters + operands);
    this.#stack.pushUnknown(results);
  }

  #typeAt(reader: ByteReader, index: number): Arity {
    const type = this.#survey.types[index];
    if (type === undefined) throw reader.malformed('the index of a type');
    return type;
  }

  /** One behind the last would come to mean a local that is added. */
  #readLocal(reader: ByteReader): number {
    const local = reader.u32();
    if (local >= this.#localCount) throw reader.malformed('the index of a local');
    return local;
  }

  #assign(reader: ByteReader, isTee: boolean): void {
    const local = this.#readLocal(reader);
    const stack = this.#stack;
    const locals = this.#locals;
    stack.pop();
    const { base, offset } = stack;
    const slack = this.#slackOfOperand();
    const reason = base >= 0 ? locals.reasonOf(base) : -1;
    locals.assign(local);
    if (base === BASE.constant) locals.hold(local, offset, stack.depth);
    if (slack > 0) locals.cover(local, slack, stack.depth, reason);
    if (base === BASE.frame) {
      // Written only if a store comes to rest on it.
      const number = this.#insertions.begin(reader.offset, false);
      this.#writer.toLocal(local);
      locals.cover(local, FULL_SLACK, stack.depth, number);
    }
    if (isTee) this.#pushLocal(local);
  }

  /** Position-independent code adds to a local with the base of all addresses, which is a constant. */
  #pushLocal(local: number): void {
    const constant = this.#locals.constantOf(local);
    if (constant !== undefined) this.#stack.push(BASE.constant, constant, 0);
    else this.#stack.push(local, 0, this.#locals.versionOf(local));
  }

  /** How much may be added to the operand popped last without its being below the mark; 0 if that is not known. */
  #slackOfOperand(): number {
    const { base, offset, version } = this.#stack;
    if (base < 0 || version !== this.#locals.versionOf(base)) return 0;
    return Math.max(this.#locals.slackOf(base) - offset, 0);
  }

  #add(): void {
    const stack = this.#stack;
    stack.pop();
    const { base, offset, version } = stack;
    stack.pop();
    if (base === BASE.constant) this.#pushSum(stack.base, stack.offset, stack.version, offset);
    else if (stack.base === BASE.constant) this.#pushSum(base, offset, version, stack.offset);
    else stack.pushUnknown(1);
  }

  #pushSum(base: number, offset: number, version: number, added: number): void {
    const sum = offset + added;
    if (base === BASE.constant) this.#stack.push(base, sum | 0, 0);
    else if (base === BASE.global && added < 0) this.#stack.push(BASE.frame, 0, 0);
    else if (base >= 0 && added >= 0 && sum < MAX_OFFSET) this.#stack.push(base, sum, version);
    else this.#stack.pushUnknown(1);
  }

  #subtract(): void {
    const stack = this.#stack;
    stack.pop();
    const isConstant = stack.base === BASE.constant;
    stack.pop();
    if (isConstant && stack.base === BASE.global) stack.push(BASE.frame, 0, 0);
    else stack.pushUnknown(1);
  }

  #store(reader: ByteReader, opcode: number, start: number): void {
    const memory = readMemargMemory(reader);
    const offset = memory === 0 ? reader.u64() : 0;
    if (memory !== 0) reader.skipLeb(10);
    if (immediatesOf(opcode) === 'memargLane') reader.u8();
    this.#stack.drop(1);
    this.#stack.pop();
    if (memory !== 0) return;
    const type = STORED[opcode - OPCODE.firstStore] ?? TYPE.v128;
    this.#cover(start, offset, [type]);
  }

  #bulk(reader: ByteReader, opcode: number, start: number): void {
    if (opcode === OPCODE.memoryInit) reader.u32();
    const memory = reader.u32();
    const source = opcode === OPCODE.memoryCopy ? reader.u32() : memory;
    this.#stack.drop(2);
    this.#stack.pop();
    if (memory !== 0) return;
    this.#cover(start, 0, [this.#isWide(source) ? TYPE.i64 : TYPE.i32, TYPE.i32]);
  }

  /** Whether addresses of a memory have 64 bits. */
  #isWide(memory: number): boolean {
    const { importedMemories, ownMemories } = this.#survey;
    const type = importedMemories[memory]?.memory ?? ownMemories[memory - importedMemories.length];
    return type?.is64 === true;
  }

  /**
   * Lowers the mark to the address popped last, unless it is known to be low enough.
   *
   * @param place Of the instruction that stores.
   * @param offset That the instruction adds to the address.
   * @param above Types of the operands that lie above the address.
   */
  #cover(place: number, offset: number, above: readonly number[]): void {
    const { base, version } = this.#stack;
    if (base === BASE.constant) {
      this.#coverConstant(place, (this.#stack.offset >>> 0) + offset);
      return;
    }
    // In a module without data, what is added to an address is the place of a field.
    if (offset >= this.#threshold && this.#hasData) {
      this.#bound = Math.min(this.#bound, offset);
      return;
    }
    if (this.#slackOfOperand() > 0) {
      const reason = this.#locals.reasonOf(base);
      if (reason >= 0) this.#insertions.want(reason);
      return;
    }
    this.#insertions.begin(place, true);
    if (base >= 0 && version === this.#locals.versionOf(base)) {
      this.#writer.toLocal(base);
      this.#locals.cover(base, FULL_SLACK, this.#stack.depth, -1);
    } else {
      this.#writer.toOperand(above);
    }
  }

  #coverConstant(place: number, address: number): void {
    if (address >= this.#threshold) {
      this.#bound = Math.min(this.#bound, address);
      return;
    }
    this.#insertions.begin(place, true);
    this.#writer.toConstant(address);
  }
}
