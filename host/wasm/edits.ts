/**
 * The places in a module that must change when functions are renumbered and `memory.grow` becomes a
 * call. Walking the module fills the list; writing it out applies it, copying the runs between.
 *
 * Flat numbers and no objects: a module of 14 MB has about a million calls.
 */
import { HostError } from '../base/errors.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Numbers an edit: start, end, function index or -1 - memory index. */
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
  readonly growFunctions: ReadonlyMap<number, number>;
}

/** The new index of a function. */
export function renumber(index: number, to: Renumbering): number {
  return index < to.importedFunctions ? index : index + to.shift;
}

/** Places to change, in the order of their offsets. */
export class Edits {
  #data = new Float64Array(FIELDS * 64);
  #length = 0;

  /** How many places there are. */
  get count(): number {
    return this.#length / FIELDS;
  }

  /** A function index stands at `start` to `end`. */
  addFunction(start: number, end: number, index: number): void {
    this.#add(start, end, index);
  }

  /** A `memory.grow` of `memory`, opcode included, stands at `start` to `end`. */
  addGrow(start: number, end: number, memory: number): void {
    this.#add(start, end, -1 - memory);
  }

  /** Offset at which the edit with this position begins, or Infinity behind the last. */
  startOf(position: number): number {
    return position < this.count ? (this.#data[position * FIELDS] ?? Infinity) : Infinity;
  }

  /**
   * Copies `source` from `start` to `end` with the edits that lie there applied.
   *
   * @param position Of the first edit at or after `start`.
   * @returns Position of the first edit at or after `end`.
   */
  apply(
    source: Uint8Array,
    start: number,
    end: number,
    position: number,
    to: Renumbering,
    writer: ByteWriter,
  ): number {
    let copied = start;
    let next = position;
    for (; this.startOf(next) < end; next += 1) {
      const from = next * FIELDS;
      writer.copy(source, copied, this.startOf(next));
      copied = this.#data[from + 1] ?? end;
      const value = this.#data[from + 2] ?? 0;
      if (value >= 0) {
        writer.unsigned(renumber(value, to));
      } else {
        writer.u8(CALL);
        writer.unsigned(to.growFunctions.get(-1 - value) ?? 0);
      }
    }
    writer.copy(source, copied, end);
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
