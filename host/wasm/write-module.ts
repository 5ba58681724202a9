/**
 * A module and what is to be added to it → the new module, section by section, in the order in which they must
 * come. What did not change is copied.
 */
import { BRANCH_HINT_SECTION } from './branch-hints.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { UNWRITTEN_MARK } from './low-water-mark.ts';
import { HOST_MODULE } from './module-contract.ts';
import { renumberNames } from './name-section.ts';
import type { AddedExport, AddedImport, Rewriting } from './plan-rewriting.ts';
import { PREAMBLE_BYTES, SECTION, SECTION_ORDER, type Section } from './sections.ts';
import type { Survey } from './survey.ts';

/** Elements to put behind those of a section. */
interface Addition {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Kinds of imports and exports. */
const KIND = Object.freeze({ function: 0, table: 1, memory: 2, global: 3 });
/** Memories come from the host, and it calls what the start section named. */
const LEFT_OUT: ReadonlySet<number> = new Set([SECTION.memory, SECTION.start]);
/** Limits of a memory with a maximum that is shared, and of one with 64-bit addresses. */
const SHARED_WITH_MAXIMUM = 0b0011;
const WIDE = 0b0100;
const I32 = 0x7f;
const I32_CONST = 0x41;
const END = 0x0b;

/**
 * Writes the module.
 *
 * @param code Elements of the new code section, helper functions not included.
 * @param hints Contents of a section with branch hints; undefined for none.
 */
export function writeModule(
  survey: Survey,
  rewriting: Rewriting,
  code: Uint8Array,
  hints: Uint8Array | undefined,
): Uint8Array {
  const { bytes, sections } = survey;
  const additions = planAdditions(rewriting);
  const writer = new ByteWriter(bytes.length + code.length / 2 + 1024);
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  let next = 0;
  /** Writes the sections up to one in the order: those that only the additions bring too. */
  const writeUpTo = (order: number): void => {
    for (; next <= order; next += 1) {
      const id = SECTION_ORDER[next] ?? 0;
      if (id === SECTION.code && hints !== undefined) {
        writeNamed(writer, BRANCH_HINT_SECTION, hints);
      }
      if (id === SECTION.code) writeCode(writer, survey, code, additions.get(id));
      else if (!LEFT_OUT.has(id)) writeVector(writer, survey, rewriting, id, additions.get(id));
    }
  };
  for (const section of sections) {
    if (section.id === SECTION.custom) writeCustom(writer, survey, section, rewriting);
    else writeUpTo(SECTION_ORDER.indexOf(section.id));
  }
  writeUpTo(SECTION_ORDER.length - 1);
  return writer.finish();
}

/** What goes behind the elements of each section. */
function planAdditions({
  types,
  imports,
  functions,
  exports,
  mark,
}: Rewriting): ReadonlyMap<number, Addition> {
  const build = (count: number, write: (writer: ByteWriter) => void): Addition => {
    const writer = new ByteWriter(256);
    write(writer);
    return { count, bytes: writer.finish() };
  };
  const each = <T>(items: readonly T[], write: (writer: ByteWriter, item: T) => void): Addition =>
    build(items.length, (writer) => {
      for (const item of items) write(writer, item);
    });
  const all: [id: number, addition: Addition][] = [
    [SECTION.type, build(types.count, (writer) => types.write(writer))],
    [SECTION.import, each(imports, writeImport)],
    [SECTION.function, each(functions, (writer, { type }) => writer.unsigned(type))],
    [SECTION.global, each(mark === undefined ? [] : [mark], writeMark)],
    [SECTION.export, each(exports, writeExport)],
    [SECTION.code, each(functions, (writer, { body }) => writer.sized(body))],
  ];
  return new Map(all.filter(([, { count }]) => count > 0));
}

function writeImport(writer: ByteWriter, added: AddedImport): void {
  writer.name(HOST_MODULE);
  writer.name(added.name);
  if (added.kind === 'function') {
    writer.u8(KIND.function);
    writer.unsigned(added.type);
    return;
  }
  writer.u8(KIND.memory);
  if (added.kind === 'epoch') {
    writer.u8(SHARED_WITH_MAXIMUM);
    writer.unsigned(1);
    writer.unsigned(1);
    return;
  }
  // No maximum: the host's memory may have a lower one than the module declares.
  writer.u8(added.memory.is64 ? WIDE : 0);
  writer.unsigned(added.memory.minPages);
}

function writeMark(writer: ByteWriter): void {
  writer.u8(I32);
  writer.u8(1);
  writer.u8(I32_CONST);
  writer.signed(UNWRITTEN_MARK);
  writer.u8(END);
}

function writeExport(writer: ByteWriter, { name, kind, index }: AddedExport): void {
  writer.name(name);
  writer.u8(KIND[kind]);
  writer.unsigned(index);
}

/** A section that is a vector of definitions: with the functions in it renumbered, and more behind them. */
function writeVector(
  writer: ByteWriter,
  survey: Survey,
  rewriting: Rewriting,
  id: number,
  added: Addition | undefined,
): void {
  const { bytes } = survey;
  const section = survey.sections.find((one) => one.id === id);
  if (section === undefined) {
    if (added !== undefined) writeSection(writer, id, added.count, added.bytes);
    return;
  }
  const edits = survey.edits.get(id);
  if (added === undefined && (edits === undefined || rewriting.to.shift === 0)) {
    writer.copy(bytes, section.start, section.end);
    return;
  }
  const reader = new ByteReader(bytes, section.contents, section.end);
  const count = reader.u32() + (added?.count ?? 0);
  const inner = new ByteWriter(section.end - section.contents + (edits?.count ?? 0) + 16);
  if (edits === undefined) inner.copy(bytes, reader.offset, section.end);
  else edits.apply(bytes, reader.offset, section.end, 0, rewriting.to, inner);
  writeSection(writer, id, count, inner.view(), added?.bytes);
}

function writeCode(
  writer: ByteWriter,
  { code: { bodies }, sections }: Survey,
  code: Uint8Array,
  added: Addition | undefined,
): void {
  if (added === undefined && !sections.some(({ id }) => id === SECTION.code)) return;
  writeSection(writer, SECTION.code, bodies.length / 3 + (added?.count ?? 0), code, added?.bytes);
}

/** A section with a vector of `count` elements. */
function writeSection(
  writer: ByteWriter,
  id: number,
  count: number,
  ...elements: readonly (Uint8Array | undefined)[]
): void {
  const head = new ByteWriter(8);
  head.unsigned(count);
  const parts = [head.view(), ...elements.filter((part) => part !== undefined)];
  writer.u8(id);
  writer.unsigned(parts.reduce((sum, part) => sum + part.length, 0));
  for (const part of parts) writer.copy(part, 0, part.length);
}

function writeCustom(
  writer: ByteWriter,
  survey: Survey,
  { name, start, contents, end }: Section,
  { to }: Rewriting,
): void {
  if (holdsOffsets(name)) return;
  if (name !== 'name' || to.shift === 0) {
    writer.copy(survey.bytes, start, end);
    return;
  }
  const renumbered = renumberNames(new ByteReader(survey.bytes, contents, end), to);
  if (renumbered !== undefined) writeNamed(writer, 'name', renumbered);
}

/** Source maps, hints on code, debug information and relocations hold offsets in the code, which no longer fit. */
function holdsOffsets(name: string): boolean {
  return (
    ['sourceMappingURL', 'external_debug_info', 'linking'].includes(name) ||
    ['metadata.code.', '.debug_', 'reloc.'].some((prefix) => name.startsWith(prefix))
  );
}

function writeNamed(writer: ByteWriter, name: string, contents: Uint8Array): void {
  const inner = new ByteWriter(contents.length + 64);
  inner.name(name);
  inner.copy(contents, 0, contents.length);
  writer.u8(SECTION.custom);
  writer.sized(inner.view());
}
