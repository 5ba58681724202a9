/**
 * The places in a module that must change when functions are renumbered and growing becomes a call.
 * Walking the module fills the list; writing it out applies it, copying the runs between.
 *
 * Flat numbers and no objects: a module of 14 MB has about a million calls.
 */
import { HostError } from '../base/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Insertions } from './insertions.ts';

/** Numbers an edit: start, end, and a function index, or what grows as a negative number. */
const FIELDS = 3;
/** Opcode of `call`. */
const CALL = 0x10;
/** 400 MB of list; a module of 14 MB needs a million. */
const MAX_EDITS = 16 * 1024 * 1024;

/** Where indices of functions go. */
export interface Renumbering {
  /** Imported functions that keep their index. */
  readonly importedFunctions: number;
  /** How far all others move. */
  readonly shift: number;
  /** Function to call instead of `memory.grow`, by memory index. */
  readonly growMemory: ReadonlyMap<number, number>;
  /** Function to call instead of `table.grow`, by table index. */
  readonly growTable: ReadonlyMap<number, number>;
}

/** The new index of a function. */
export function renumber(index: number, to: Renumbering): number {
  return index < to.importedFunctions ? index : index + to.shift;
}

/** Places to change, in the order of their offsets. */
export class Edits {
  /** Functions there are, imported ones included; one behind them would become one of the host's. */
  readonly functionCount: number;
  #data = new Float64Array(FIELDS * 64);
  #length = 0;

  constructor(functionCount: number) {
    this.functionCount = functionCount;
  }

  /** How many places there are. */
  get count(): number {
    return this.#length / FIELDS;
  }

  /**
   * Reads a function index and notes where it stands.
   *
   * @throws {malformed_wasm} If there is no such function.
   */
  readFunction(reader: ByteReader): number {
    const start = reader.offset;
    const index = reader.u32();
    if (index >= this.functionCount) throw reader.malformed('the index of a function', start);
    this.#add(start, reader.offset, index);
    return index;
  }

  /** Whether one of the places names this function. */
  names(index: number): boolean {
    for (let at = FIELDS - 1; at < this.#length; at += FIELDS) {
      if (this.#data[at] === index) return true;
    }
    return false;
  }

  /** A `memory.grow` of `memory`, opcode included, stands at `start` to `end`. */
  addGrowMemory(start: number, end: number, memory: number): void {
    this.#add(start, end, -1 - 2 * memory);
  }

  /** A `table.grow` of `table`, opcode included, stands at `start` to `end`. */
  addGrowTable(start: number, end: number, table: number): void {
    this.#add(start, end, -2 - 2 * table);
  }

  /** Offset at which the edit with this position begins, or Infinity behind the last. */
  startOf(position: number): number {
    return position < this.count ? (this.#data[position * FIELDS] ?? Infinity) : Infinity;
  }

  /**
   * Copies `source` from `start` to `end` with the edits that lie there applied.
   *
   * @param position Of the first edit at or after `start`.
   * @param insertions What to put between, if anything.
   * @returns Position of the first edit at or after `end`.
   */
  apply(
    source: Uint8Array,
    start: number,
    end: number,
    position: number,
    to: Renumbering,
    writer: ByteWriter,
    insertions?: Insertions,
  ): number {
    let copied = start;
    let next = position;
    for (; this.startOf(next) < end; next += 1) {
      const from = next * FIELDS;
      const at = this.startOf(next);
      if (insertions === undefined) writer.copy(source, copied, at);
      else insertions.copy(source, copied, at, writer);
      copied = this.#data[from + 1] ?? end;
      const value = this.#data[from + 2] ?? 0;
      if (value >= 0) {
        writer.unsigned(renumber(value, to));
        continue;
      }
      // Odd numbers are memories, even ones tables.
      const grown = (-1 - value) >> 1;
      writer.u8(CALL);
      writer.unsigned((value % 2 === 0 ? to.growTable : to.growMemory).get(grown) ?? 0);
    }
    if (insertions === undefined) writer.copy(source, copied, end);
    else insertions.copy(source, copied, end, writer);
    return next;
  }

  #add(start: number, end: number, value: number): void {
    if (this.#length === this.#data.length) {
      if (this.count >= MAX_EDITS) {
        const what = 'references to functions';
        throw new HostError('wasm_too_complex', { what, limit: MAX_EDITS });
      }
      const larger = new Float64Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length] = start;
    this.#data[this.#length + 1] = end;
    this.#data[this.#length + 2] = value;
    this.#length += FIELDS;
  }
}
