/**
 * Which functions of a core module a call enters. Deploy tries a copy of the module in which each function with a body
 * has a global of its own, 0 at first, and sets it to 1 at its beginning; reserved exports show them.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { countLocals } from './code.ts';
import { countImports, type ImportCounts } from './count-imports.ts';
import { RESERVED_EXPORT } from './module-contract.ts';
import { PREAMBLE_BYTES, readSections, SECTION, SECTION_ORDER, type Section } from './sections.ts';

/** The copy. */
export interface NotingModule {
  readonly bytes: Uint8Array;
  /** Index of the first function with a body. */
  readonly first: number;
  /** How many there are. */
  readonly count: number;
}

/** i32, mutable, initially 0. */
const GLOBAL = [0x7f, 0x01, 0x41, 0x00, 0x0b] as const;
const KIND_GLOBAL = 3;
const I32_CONST = 0x41;
const GLOBAL_SET = 0x24;

/**
 * Makes the copy. It has no custom sections: what they say of places in the code would be wrong.
 *
 * @param bytes A module, as a rule a rewritten one.
 * @throws {malformed_wasm} If it is not well-formed.
 */
export function noteEntries(bytes: Uint8Array): NotingModule {
  const module = new OpenModule(bytes);
  const { functions: first, globals } = module.imports;
  const count = module.countOf(SECTION.code);
  const firstGlobal = globals + module.countOf(SECTION.global);
  const writer = new ByteWriter(bytes.length * 1.25 + 1024);
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  for (const id of SECTION_ORDER) {
    if (id === SECTION.global) {
      module.extend(writer, id, count, (added) => {
        for (let index = 0; index < count; index += 1) for (const byte of GLOBAL) added.u8(byte);
      });
    } else if (id === SECTION.export) {
      module.extend(writer, id, count, (added) => {
        for (let index = 0; index < count; index += 1) {
          added.name(RESERVED_EXPORT.entered(index));
          added.u8(KIND_GLOBAL);
          added.unsigned(firstGlobal + index);
        }
      });
    } else if (id === SECTION.code) {
      module.writeCode(writer, firstGlobal);
    } else {
      module.copy(writer, id);
    }
  }
  return { bytes: writer.finish(), first, count };
}

/** A module, section by section. */
class OpenModule {
  readonly imports: ImportCounts;
  readonly #bytes: Uint8Array;
  readonly #sections: ReadonlyMap<number, Section>;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#sections = new Map(readSections(bytes).map((section) => [section.id, section]));
    const reader = this.#open(SECTION.import);
    this.imports = reader === undefined ? { functions: 0, globals: 0 } : countImports(reader);
  }

  /** Elements of a section that is a vector. */
  countOf(id: number): number {
    return this.#open(id)?.u32() ?? 0;
  }

  /** Writes a section as it is. */
  copy(writer: ByteWriter, id: number): void {
    const section = this.#sections.get(id);
    if (section !== undefined) writer.copy(this.#bytes, section.start, section.end);
  }

  /** Writes a section that is a vector, with so many elements more at its end. */
  extend(writer: ByteWriter, id: number, more: number, add: (added: ByteWriter) => void): void {
    const reader = this.#open(id);
    const inner = new ByteWriter((reader?.end ?? 0) - (reader?.offset ?? 0) + more * 16 + 16);
    inner.unsigned((reader?.u32() ?? 0) + more);
    if (reader !== undefined) inner.copy(this.#bytes, reader.offset, reader.end);
    add(inner);
    writer.u8(id);
    writer.sized(inner.view());
  }

  /** Writes the bodies, each with its note behind the declarations of locals. */
  writeCode(writer: ByteWriter, firstGlobal: number): void {
    const reader = this.#open(SECTION.code);
    if (reader === undefined) return;
    const count = reader.u32();
    const inner = new ByteWriter((reader.end - reader.offset) * 1.25 + 16);
    const body = new ByteWriter(1024);
    inner.unsigned(count);
    for (let index = 0; index < count; index += 1) {
      const old = reader.sized('a function body');
      const start = old.offset;
      countLocals(old);
      body.clear();
      body.copy(this.#bytes, start, old.offset);
      body.u8(I32_CONST);
      body.u8(1);
      body.u8(GLOBAL_SET);
      body.unsigned(firstGlobal + index);
      body.copy(this.#bytes, old.offset, old.end);
      inner.sized(body.view());
    }
    writer.u8(SECTION.code);
    writer.sized(inner.view());
  }

  /** A reader of a section's contents; undefined if there is none. */
  #open(id: number): ByteReader | undefined {
    const section = this.#sections.get(id);
    if (section === undefined) return undefined;
    return new ByteReader(this.#bytes, section.contents, section.end);
  }
}
