/**
 * Walks the sections that define tables, globals, exports, the start function, and element and data segments:
 * what of it the rewriting must know, and every place in them that names a function.
 *
 * @see https://webassembly.github.io/spec/core/binary/modules.html#element-section
 */
import { HostError } from '../base/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import { walkConstantExpression } from './constant-expression.ts';
import { escapeName } from './core-names.ts';
import type { Edits } from './edits.ts';
import { isReservedExport } from './module-contract.ts';
import { SECTION } from './sections.ts';
import {
  readGlobalType,
  readTableType,
  skipTagType,
  skipValueType,
  type GlobalType,
  type TableType,
} from './types.ts';

/** What the walk found; index spaces begin with what is imported. */
export interface Definitions {
  readonly memoryCount: number;
  readonly tables: TableType[];
  readonly globals: GlobalType[];
  readonly exportedTables: Set<number>;
  readonly exportedGlobals: Set<number>;
  /** Index of the start function. */
  start: number | undefined;
  /** Lowest address at which a data segment of memory 0 lies, as far as addresses are plain numbers. */
  lowestData: number | undefined;
}

type Walk = (reader: ByteReader, edits: Edits, found: Definitions) => void;

const WALKS: ReadonlyMap<number, Walk> = new Map<number, Walk>([
  [SECTION.table, (...walk) => walkEach('tables', walkTable, ...walk)],
  [SECTION.tag, (...walk) => walkEach('tags', skipTagType, ...walk)],
  [SECTION.global, (...walk) => walkEach('globals', walkGlobal, ...walk)],
  [SECTION.export, (...walk) => walkEach('exports', walkExport, ...walk)],
  [SECTION.start, walkStart],
  [SECTION.element, (...walk) => walkEach('element segments', walkElement, ...walk)],
  [SECTION.data, (...walk) => walkEach('data segments', walkData, ...walk)],
]);

/** Kinds of exports. */
const FUNCTION = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;

/**
 * Walks one section; sections of other kinds are left alone.
 *
 * @param id The section's id.
 * @param reader At the section's contents.
 * @param edits Gets the places that name functions.
 * @throws {reserved_export} If an export has a name of the host's.
 * @throws {malformed_wasm} If it is not well-formed, or names what is not there.
 */
export function walkDefinitions(
  id: number,
  reader: ByteReader,
  edits: Edits,
  found: Definitions,
): void {
  const walk = WALKS.get(id);
  if (walk === undefined) return;
  walk(reader, edits, found);
  reader.expectEnd('the section');
}

function walkEach(what: string, walk: Walk, ...[reader, edits, found]: Parameters<Walk>): void {
  for (let left = reader.count(what); left > 0; left -= 1) walk(reader, edits, found);
}

function walkStart(reader: ByteReader, edits: Edits, found: Definitions): void {
  found.start = edits.readFunction(reader);
}

function walkTable(reader: ByteReader, edits: Edits, { tables }: Definitions): void {
  // 0x40 0x00 announces a table whose elements start as the value of an expression.
  const initialised = reader.peek() === 0x40;
  if (initialised) {
    reader.u8();
    if (reader.u8() !== 0) throw reader.malformed('a zero byte', reader.offset - 1);
  }
  tables.push(readTableType(reader));
  if (initialised) walkConstantExpression(reader, edits);
}

function walkGlobal(reader: ByteReader, edits: Edits, { globals }: Definitions): void {
  const type = readGlobalType(reader);
  const constant = walkConstantExpression(reader, edits);
  globals.push(type.mutable || constant === undefined ? type : { ...type, constant });
}

/** Indices are checked: one behind the last would come to mean something of the host's. */
function walkExport(reader: ByteReader, edits: Edits, found: Definitions): void {
  const name = reader.name();
  if (isReservedExport(name)) throw new HostError('reserved_export', { name: escapeName(name) });
  const kind = reader.u8();
  if (kind > 4) throw reader.malformed('the kind of an export', reader.offset - 1);
  if (kind === FUNCTION) {
    edits.readFunction(reader);
    return;
  }
  const start = reader.offset;
  const index = reader.u32();
  if (kind === TABLE) found.exportedTables.add(index);
  if (kind === GLOBAL) found.exportedGlobals.add(index);
  const wrong =
    (kind === MEMORY && index >= found.memoryCount) ||
    (kind === GLOBAL && index >= found.globals.length);
  if (wrong) throw reader.malformed('the index of what is exported', start);
}

function walkElement(reader: ByteReader, edits: Edits, found: Definitions): void {
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
  walkEach(
    'elements',
    expressions
      ? (...walk) => void walkConstantExpression(walk[0], walk[1])
      : (...walk) => void walk[1].readFunction(walk[0]),
    reader,
    edits,
    found,
  );
}

function walkData(reader: ByteReader, edits: Edits, found: Definitions): void {
  const flags = reader.u32();
  if (flags > 2) throw reader.malformed('a kind of data segment', reader.offset - 1);
  const start = reader.offset;
  const memory = flags === 2 ? reader.u32() : 0;
  // Behind the module's own memories stands the epoch.
  if (flags !== 1 && memory >= found.memoryCount) {
    throw reader.malformed('the index of a memory', start);
  }
  const offset = flags === 1 ? undefined : walkConstantExpression(reader, edits);
  const data = reader.sized('data');
  if (offset === undefined || memory !== 0 || data.done) return;
  found.lowestData = Math.min(found.lowestData ?? Infinity, offset >>> 0);
}
