/**
 * Finds every place outside of code that names a function: table initialisers, globals, exports, the
 * start section, element segments in all eight forms, offsets of data segments.
 *
 * @see https://webassembly.github.io/spec/core/binary/modules.html#element-section
 */
import type { ByteReader } from './byte-reader.ts';
import { walkConstantExpression } from './constant-expression.ts';
import type { Edits } from './edits.ts';
import { SECTION } from './sections.ts';
import { skipGlobalType, skipTableType, skipValueType } from './types.ts';

type Walk = (reader: ByteReader, edits: Edits) => void;

const WALKS: ReadonlyMap<number, Walk> = new Map<number, Walk>([
  [SECTION.table, (reader, edits) => walkEach(reader, 'tables', edits, walkTable)],
  [SECTION.global, (reader, edits) => walkEach(reader, 'globals', edits, walkGlobal)],
  [SECTION.export, (reader, edits) => walkEach(reader, 'exports', edits, walkExport)],
  [SECTION.start, walkFunctionIndex],
  [SECTION.element, (reader, edits) => walkEach(reader, 'element segments', edits, walkElement)],
  [SECTION.data, (reader, edits) => walkEach(reader, 'data segments', edits, walkData)],
]);

/**
 * Notes the function indices in one section; sections that hold none are left alone.
 *
 * @param id The section's id.
 * @param reader At the section's contents.
 * @param edits Gets the places.
 */
export function findFunctionReferences(id: number, reader: ByteReader, edits: Edits): void {
  const walk = WALKS.get(id);
  if (walk === undefined) return;
  walk(reader, edits);
  reader.expectEnd('the section');
}

function walkEach(reader: ByteReader, what: string, edits: Edits, walk: Walk): void {
  for (let left = reader.count(what); left > 0; left -= 1) walk(reader, edits);
}

function walkFunctionIndex(reader: ByteReader, edits: Edits): void {
  const at = reader.offset;
  const index = reader.u32();
  edits.addFunction(at, reader.offset, index);
}

function walkTable(reader: ByteReader, edits: Edits): void {
  // 0x40 0x00 announces a table whose elements start as the value of an expression.
  const initialised = reader.peek() === 0x40;
  if (initialised) {
    reader.u8();
    if (reader.u8() !== 0) throw reader.malformed('a zero byte', reader.offset - 1);
  }
  skipTableType(reader);
  if (initialised) walkConstantExpression(reader, edits);
}

function walkGlobal(reader: ByteReader, edits: Edits): void {
  skipGlobalType(reader);
  walkConstantExpression(reader, edits);
}

function walkExport(reader: ByteReader, edits: Edits): void {
  reader.name();
  const kind = reader.u8();
  if (kind > 4) throw reader.malformed('the kind of an export', reader.offset - 1);
  if (kind === 0) walkFunctionIndex(reader, edits);
  else reader.u32();
}

function walkElement(reader: ByteReader, edits: Edits): void {
  const flags = reader.u32();
  if (flags > 7) throw reader.malformed('a kind of element segment', reader.offset - 1);
  // Bit 0: passive or declared; bit 1: names a table, or is declared; bit 2: holds expressions.
  const active = (flags & 1) === 0;
  if (active && (flags & 2) !== 0) reader.u32();
  if (active) walkConstantExpression(reader, edits);
  const expressions = (flags & 4) !== 0;
  if ((flags & 3) !== 0) {
    if (expressions) skipValueType(reader);
    else if (reader.u8() !== 0) throw reader.malformed('the kind of elements', reader.offset - 1);
  }
  walkEach(reader, 'elements', edits, expressions ? walkConstantExpression : walkFunctionIndex);
}

function walkData(reader: ByteReader, edits: Edits): void {
  const flags = reader.u32();
  if (flags > 2) throw reader.malformed('a kind of data segment', reader.offset - 1);
  if (flags === 2) reader.u32();
  if (flags !== 1) walkConstantExpression(reader, edits);
  reader.sized('data');
}
