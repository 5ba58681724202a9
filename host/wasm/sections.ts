/**
 * Core module bytes → its sections, in the order the specification demands.
 *
 * @see https://webassembly.github.io/spec/core/binary/modules.html
 */
import { HostError } from '../base/errors.ts';
import { ByteReader } from './byte-reader.ts';

/** Section ids. */
export const SECTION = Object.freeze({
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
});

/** The order in which sections other than custom ones must come, each at most once. */
export const SECTION_ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

/** Bytes of magic number and version. */
export const PREAMBLE_BYTES = 8;

/** Toolchains make about twenty; custom ones are not limited by the specification. */
const MAX_SECTIONS = 10_000;

/** One section of a module; offsets count in the module's bytes. */
export interface Section {
  readonly id: number;
  /** Name of a custom section, empty for others. */
  readonly name: string;
  /** First byte: the id. */
  readonly start: number;
  /** First byte of the contents, after a custom section's name. */
  readonly contents: number;
  /** Byte after the last. */
  readonly end: number;
}

/**
 * Splits a core module into sections.
 *
 * @param bytes The module.
 * @param base Where it starts in the uploaded file, for errors.
 * @throws {wasm_too_complex} If there are more than 10,000.
 * @throws {malformed_wasm} If preamble, a size or the order of sections is wrong.
 */
export function readSections(bytes: Uint8Array, base = 0): Section[] {
  const reader = new ByteReader(bytes, 0, bytes.length, base);
  readPreamble(reader);
  const sections: Section[] = [];
  let last = -1;
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.u8();
    const inner = reader.sized('a section');
    const name = id === SECTION.custom ? inner.name() : '';
    if (id !== SECTION.custom) {
      const order = SECTION_ORDER.indexOf(id);
      if (order === -1) throw reader.malformed('the id of a section', start);
      if (order <= last) throw reader.malformed('every section once and in order', start);
      last = order;
    }
    if (sections.length === MAX_SECTIONS) {
      throw new HostError('wasm_too_complex', {
        what: 'sections in a module',
        limit: MAX_SECTIONS,
      });
    }
    sections.push({ id, name, start, contents: inner.offset, end: inner.end });
  }
  return sections;
}

function readPreamble(reader: ByteReader): void {
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) {
    if (reader.u8() !== byte) {
      throw reader.malformed('the magic number and version of a core module', reader.offset - 1);
    }
  }
}
