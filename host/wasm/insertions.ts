/**
 * Instructions to put between those of one function body, in the order of their places. Kept as bytes and
 * flat numbers, and used again for the next body: a large module has hundreds of thousands.
 */
import { ByteWriter } from './byte-writer.ts';

/** Instructions to put into a body. */
export class Insertions {
  /** Instructions that were inserted are written here. */
  readonly code = new ByteWriter(4096);
  /** Offsets, in what was written since the last `clear`, of each `if` that is seldom taken. */
  readonly writtenIfs: number[] = [];
  /** For each: the offset before which it goes. */
  readonly #places: number[] = [];
  /** For each: where its instructions start in `code`. */
  readonly #starts: number[] = [];
  /** For each: offset in `code` of an `if` that is seldom taken, -1 if it has none. */
  readonly #ifs: number[] = [];
  /** For each: whether it is to be written. */
  readonly #wanted: boolean[] = [];
  #next = 0;

  /** Whether there is anything to write. */
  get empty(): boolean {
    return !this.#wanted.includes(true);
  }

  /** Forgets everything, for another body. */
  clear(): void {
    this.code.clear();
    for (const list of [this.#places, this.#starts, this.#ifs, this.writtenIfs]) list.length = 0;
    this.#wanted.length = 0;
    this.#next = 0;
  }

  /**
   * Starts an insertion; what is written to `code` until the next one belongs to it.
   *
   * @param place Offset of the instruction before which it goes; never lower than the last.
   * @param wanted Whether it is written without a call of `want`.
   * @returns Its number.
   */
  begin(place: number, wanted: boolean): number {
    this.#starts.push(this.code.length);
    this.#ifs.push(-1);
    this.#wanted.push(wanted);
    return this.#places.push(place) - 1;
  }

  /** The next byte written to `code` is that of an `if` that is seldom taken; at most once an insertion. */
  markIf(): void {
    this.#ifs[this.#ifs.length - 1] = this.code.length;
  }

  /** Has an insertion written. */
  want(number: number): void {
    this.#wanted[number] = true;
  }

  /**
   * Copies a run of a body with what goes into it. Runs come in order; between two of them one
   * instruction may be left out, before which an insertion still goes.
   *
   * @param end Byte to stop before; what goes before it is written.
   */
  copy(source: Uint8Array, start: number, end: number, writer: ByteWriter): void {
    const code = this.code.view();
    let copied = start;
    for (; (this.#places[this.#next] ?? Infinity) <= end; this.#next += 1) {
      const number = this.#next;
      if (this.#wanted[number] !== true) continue;
      const place = this.#places[number] ?? end;
      const from = this.#starts[number] ?? 0;
      const seldom = this.#ifs[number] ?? -1;
      writer.copy(source, copied, place);
      if (seldom >= 0) this.writtenIfs.push(writer.length + seldom - from);
      writer.copy(code, from, this.#starts[number + 1] ?? code.length);
      copied = place;
    }
    writer.copy(source, copied, end);
  }
}
