/**
 * Recognises the fixup modules that wit-component makes: they import a shim's table and functions, and
 * one element segment puts the functions into the table. Nothing else may be in one.
 *
 * @see https://github.com/bytecodealliance/wasm-tools/blob/main/crates/wit-component/src/encoding.rs
 */
import { ByteReader } from '../../wasm/byte-reader.ts';
import { readSections, SECTION } from '../../wasm/sections.ts';
import type { CoreImportType } from './core-interface.ts';
import type { CoreModule } from './core-module.ts';
import { MAX_SHIM_FUNCTIONS } from './shim.ts';

/** What a fixup puts where. */
export interface Fixup {
  /** The table it imports. */
  readonly table: CoreImportType;
  /** The function it puts into each slot. */
  readonly slots: ReadonlyMap<number, CoreImportType>;
  /** The slot behind the last it fills. */
  readonly end: number;
}

const FIXUP_SECTIONS: ReadonlySet<number> = new Set([
  SECTION.custom,
  SECTION.type,
  SECTION.import,
  SECTION.element,
]);
const OPCODE = Object.freeze({ i32Const: 0x41, end: 0x0b });
/** Kinds of element segments: of table 0, or of a table by its index. */
const SEGMENT = Object.freeze({ active: 0, activeWithTable: 2 });

/** Reads a module as a fixup; undefined if it is none. */
export function readFixup({ bytes, offset, interface: facts }: CoreModule): Fixup | undefined {
  const sections = readSections(bytes, offset);
  const elements = sections.find(({ id }) => id === SECTION.element);
  if (!sections.every(({ id }) => FIXUP_SECTIONS.has(id)) || elements === undefined) {
    return undefined;
  }
  const functions = facts.imports.filter(({ sort }) => sort === 'core-func');
  const [table, ...others] = facts.imports.filter(({ sort }) => sort !== 'core-func');
  if (table?.sort !== 'core-table' || others.length > 0) return undefined;
  const reader = new ByteReader(bytes, elements.contents, elements.end, offset);
  const segment = readSegment(reader, functions);
  return segment && { table, ...segment };
}

/** What the one segment puts where, if there is one and it is active at a constant offset. */
function readSegment(
  reader: ByteReader,
  functions: readonly CoreImportType[],
): Pick<Fixup, 'slots' | 'end'> | undefined {
  if (reader.u32() !== 1) return undefined;
  const kind = reader.u32();
  if (kind !== SEGMENT.active && kind !== SEGMENT.activeWithTable) return undefined;
  if (kind === SEGMENT.activeWithTable && reader.u32() !== 0) return undefined;
  if (reader.u8() !== OPCODE.i32Const) return undefined;
  const first = reader.s33();
  if (first < 0 || reader.u8() !== OPCODE.end) return undefined;
  if (kind === SEGMENT.activeWithTable && reader.u8() !== 0) return undefined;
  const slots = new Map<number, CoreImportType>();
  const count = reader.count('elements');
  if (count > MAX_SHIM_FUNCTIONS) return undefined;
  for (let index = 0; index < count; index += 1) {
    const one = functions[reader.u32()];
    if (one === undefined) return undefined;
    slots.set(first + index, one);
  }
  return reader.done ? { slots, end: first + count } : undefined;
}
