/**
 * Core module → the functions that something outside of its bodies may call: exported, started, or named by a
 * table, a global or a segment. `ref.func` in a body needs no look: what it names must stand in one of these.
 *
 * Apart from `definitions.ts`, which walks a guest's module and refuses what only the host may write.
 */
import type { ByteReader } from '../byte-reader.ts';
import { walkConstantExpression } from '../constant-expression.ts';
import { Edits } from '../edits.ts';
import { SECTION } from '../sections.ts';
import { skipGlobalType, skipTableType, skipValueType } from '../types.ts';

/** Collects them, section by section. */
export class EnteredFunctions extends Edits {
  /** Indices of functions, imported ones included. */
  readonly functions = new Set<number>();

  override readFunction(reader: ByteReader): number {
    const start = reader.offset;
    const index = reader.u32();
    if (index >= this.functionCount) throw reader.malformed('the index of a function', start);
    this.functions.add(index);
    return index;
  }

  /** Walks a section; those that name no functions are left alone. @param reader At its contents. */
  walk(id: number, reader: ByteReader): void {
    if (id === SECTION.table) this.#each(reader, 'tables', () => this.#table(reader));
    else if (id === SECTION.global) this.#each(reader, 'globals', () => this.#global(reader));
    else if (id === SECTION.export) this.#each(reader, 'exports', () => this.#export(reader));
    else if (id === SECTION.start) this.readFunction(reader);
    else if (id === SECTION.element) {
      this.#each(reader, 'element segments', () => this.#element(reader));
    }
  }

  #each(reader: ByteReader, what: string, walk: () => void): void {
    for (let left = reader.count(what); left > 0; left -= 1) walk();
  }

  #table(reader: ByteReader): void {
    // 0x40 0x00 announces a table whose elements start as the value of an expression.
    const initialised = reader.peek() === 0x40;
    if (initialised) reader.skip(2, 'a table');
    skipTableType(reader);
    if (initialised) walkConstantExpression(reader, this);
  }

  #global(reader: ByteReader): void {
    skipGlobalType(reader);
    walkConstantExpression(reader, this);
  }

  #export(reader: ByteReader): void {
    reader.sized('a name');
    if (reader.u8() === 0) this.readFunction(reader);
    else reader.u32();
  }

  #element(reader: ByteReader): void {
    const flags = reader.u32();
    // Bit 0: passive or declared; bit 1: names a table, or is declared; bit 2: holds expressions.
    const active = (flags & 1) === 0;
    if (active && (flags & 2) !== 0) reader.u32();
    if (active) walkConstantExpression(reader, this);
    const expressions = (flags & 4) !== 0;
    if ((flags & 3) !== 0) {
      if (expressions) skipValueType(reader);
      else reader.u8();
    }
    this.#each(reader, 'elements', () => {
      if (expressions) walkConstantExpression(reader, this);
      else this.readFunction(reader);
    });
  }
}
