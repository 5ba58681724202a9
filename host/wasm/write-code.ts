/**
 * The function bodies of a module → the same with functions renumbered, growing turned into calls, and the
 * low-water mark kept.
 */
import type { FunctionHints } from './branch-hints.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { Edits, renumber, type Renumbering } from './edits.ts';
import { Insertions } from './insertions.ts';
import { StoreMarker } from './mark-stores.ts';
import type { Rewriting } from './plan-rewriting.ts';
import { SECTION } from './sections.ts';
import type { Survey } from './survey.ts';
import { skipValueType } from './types.ts';

/** The new bodies. */
export interface WrittenCode {
  /** Elements of the code section. */
  readonly bodies: Uint8Array;
  /** Branches in them that are seldom taken. */
  readonly hints: readonly FunctionHints[];
  /** Lowest address of memory 0 that is written to without lowering the mark, bytes; undefined without a mark. */
  readonly bound: number | undefined;
}

/** Writes the bodies. */
export function writeCode(survey: Survey, { to, mark }: Rewriting): WrittenCode {
  const { bytes, sections } = survey;
  const { bodies, storing } = survey.code;
  const section = sections.find(({ id }) => id === SECTION.code);
  const edits = survey.edits.get(SECTION.code) ?? new Edits(0);
  const insertions = new Insertions();
  const marker = mark === undefined ? undefined : new StoreMarker(survey, mark, insertions);
  const hints: FunctionHints[] = [];
  const end = section?.end ?? 0;
  const writer = new ByteWriter((end - (section?.start ?? 0)) * 1.25 + 1024);
  const scratch = new ByteWriter(64 * 1024);
  // Bodies that stay as they are are copied together, sizes and all.
  let copied = bodies[0] ?? end;
  let nextEdit = 0;
  for (let place = 0; place < bodies.length; place += 3) {
    const start = bodies[place + 1] ?? 0;
    const bodyEnd = bodies[place + 2] ?? 0;
    const index = survey.importedFunctions + place / 3;
    const stores = marker !== undefined && storing[place / 3] === 1;
    const locals = stores ? marker.mark(index, start, bodyEnd) : [];
    const isMarked = stores && !insertions.empty;
    if (!isMarked && (edits.startOf(nextEdit) >= bodyEnd || changesNothing(to))) continue;
    writer.copy(bytes, copied, bodies[place] ?? 0);
    scratch.clear();
    const code = copyLocals(new ByteReader(bytes, start, bodyEnd), locals, scratch);
    // Bodies that were copied may have had edits that change nothing.
    while (edits.startOf(nextEdit) < start) nextEdit += 1;
    const inserted = isMarked ? insertions : undefined;
    nextEdit = edits.apply(bytes, code, bodyEnd, nextEdit, to, scratch, inserted);
    if (isMarked) hints.push({ index: renumber(index, to), unlikely: [...insertions.writtenIfs] });
    writer.sized(scratch.view());
    copied = bodyEnd;
  }
  writer.copy(bytes, copied, end);
  return { bodies: writer.finish(), hints, bound: marker?.bound };
}

/** Whether edits come to nothing, because functions keep their indices and nothing grows. */
function changesNothing({ shift }: Renumbering): boolean {
  return shift === 0;
}

/**
 * Copies the declarations of locals, with others behind them.
 *
 * @param types Codes of their value types.
 * @returns Offset of the first instruction.
 */
function copyLocals(reader: ByteReader, types: readonly number[], writer: ByteWriter): number {
  const groups = reader.count('groups of locals');
  const first = reader.offset;
  for (let left = groups; left > 0; left -= 1) {
    reader.u32();
    skipValueType(reader);
  }
  writer.unsigned(groups + types.length);
  writer.copy(reader.bytes, first, reader.offset);
  for (const type of types) {
    writer.unsigned(1);
    writer.u8(type);
  }
  return reader.offset;
}
