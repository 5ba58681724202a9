/**
 * Core module → the same module whose memory belongs to the host.
 *
 * Each memory that the module defines becomes an import `faas:host` `memoryN`, and each `memory.grow`
 * becomes a call of an imported function, so that the host can charge memory before there is any.
 * Memories keep their indices: imported ones come first, then the module's own, as before. Functions
 * behind the imported ones move up by the number of grow functions; everything that names one follows.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { Edits, type Renumbering } from './edits.ts';
import { renumberNames } from './name-section.ts';
import { PREAMBLE_BYTES, SECTION, SECTION_ORDER, type Section } from './sections.ts';
import { HOST_MODULE, surveyModule, type Survey, type SurveyOptions } from './survey.ts';
import type { MemoryType } from './types.ts';

/** A memory that the host makes, or only grows. */
export interface RewrittenMemory extends MemoryType {
  /** Index in the module, before and after. */
  readonly index: number;
  /** Field under which the module imports it from `faas:host`; undefined if it imported it all along. */
  readonly importName: string | undefined;
  /** Import module and field under which it always imported it; undefined if it is its own. */
  readonly from: readonly [module: string, field: string] | undefined;
  /** Field under which the module imports its grow function from `faas:host`; undefined if it never grows. */
  readonly growName: string | undefined;
}

/** A module after the rewriting. */
export interface RewrittenModule {
  /** The new bytes; the given ones if nothing had to change. */
  readonly bytes: Uint8Array;
  readonly rewritten: boolean;
  /** Memories the module defines, and imported ones that it grows, in the order of their indices. */
  readonly memories: readonly RewrittenMemory[];
  /** Whether instantiating the module runs a function of it. */
  readonly definesStart: boolean;
  /** Functions with a body. */
  readonly functionCount: number;
}

/** Limits of `rewriteCoreModule`. */
export type RewriteOptions = Partial<SurveyOptions>;

/** A body over 1 MiB takes V8 tens of milliseconds to compile, on the event loop, at its first call. */
const MAX_FUNCTION_BYTES = 1024 * 1024;
/** Real components stay under a few hundred. */
const MAX_IMPORTS = 5000;
const I32 = 0x7f;
const I64 = 0x7e;

/**
 * Gives the memories of a core module to the host.
 *
 * @param bytes The module.
 * @param options `maxFunctionBytes` (1 MiB), `maxImports` (5,000), `base` (0): where the module starts in the uploaded file.
 * @returns The new module and what the host must give it.
 * @throws {malformed_wasm} If it is not well-formed, or uses what this host does not know.
 * @throws {shared_memory_refused} If it has a shared memory: waiting on one would stop the event loop.
 * @throws {page_size_refused} If a memory's pages are not 64 KiB.
 * @throws {gc_refused} If it can allocate garbage-collected memory.
 * @throws {function_too_large} If a function body is larger than allowed.
 * @throws {wasm_too_complex} If it has more sections, functions or references to them than can be held.
 * @throws {too_many_imports} If it imports more than allowed.
 * @throws {reserved_import} If it imports from `faas:host` itself.
 * @example
 * const { bytes, memories } = rewriteCoreModule(await readFile('app.wasm'));
 */
export function rewriteCoreModule(
  bytes: Uint8Array,
  options: RewriteOptions = {},
): RewrittenModule {
  const survey = surveyModule(bytes, {
    maxFunctionBytes: options.maxFunctionBytes ?? MAX_FUNCTION_BYTES,
    maxImports: options.maxImports ?? MAX_IMPORTS,
    base: options.base ?? 0,
  });
  const memories = planMemories(survey);
  return {
    bytes: memories.length === 0 ? bytes : writeModule(survey, memories),
    rewritten: memories.length > 0,
    memories,
    definesStart: survey.sections.some(({ id }) => id === SECTION.start),
    functionCount: survey.bodies.length / 3,
  };
}

function planMemories(survey: Survey): RewrittenMemory[] {
  const { importedMemories, ownMemories, grownMemories } = survey;
  const memories: RewrittenMemory[] = [];
  for (const [index, { module, field, memory }] of importedMemories.entries()) {
    if (!grownMemories.has(index)) continue;
    const growName = `growImported${index}`;
    memories.push({ ...memory, index, importName: undefined, from: [module, field], growName });
  }
  for (const [number, memory] of ownMemories.entries()) {
    const index = importedMemories.length + number;
    const growName = grownMemories.has(index) ? `grow${number}` : undefined;
    const importName = `memory${number}`;
    memories.push({ ...memory, index, importName, from: undefined, growName });
  }
  return memories;
}

function writeModule(survey: Survey, memories: readonly RewrittenMemory[]): Uint8Array {
  const { bytes, sections } = survey;
  const grown = memories.filter(({ growName }) => growName !== undefined);
  const to: Renumbering = {
    importedFunctions: survey.importedFunctions,
    shift: grown.length,
    growFunctions: new Map(
      grown.map(({ index }, place) => [index, survey.importedFunctions + place]),
    ),
  };
  // What every rewritten module has, whether the module had such a section or not.
  const made = new Map<number, Uint8Array>();
  const growTypes = new Map<number, number>();
  if (grown.length > 0) made.set(SECTION.type, buildTypes(survey, grown, growTypes));
  made.set(SECTION.import, buildImports(survey, memories, growTypes));

  const writer = new ByteWriter(bytes.length + bytes.length / 16 + 1024);
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  const writeMadeBefore = (order: number): void => {
    for (const [id, contents] of made) {
      if (SECTION_ORDER.indexOf(id) > order) continue;
      writeSection(writer, id, contents);
      made.delete(id);
    }
  };
  for (const section of sections) {
    const { id } = section;
    if (id === SECTION.custom) {
      writeCustom(writer, survey, section, to);
      continue;
    }
    const replaced = made.has(id);
    writeMadeBefore(SECTION_ORDER.indexOf(id));
    if (!replaced && id !== SECTION.memory) writeDefinitions(writer, survey, section, to);
  }
  writeMadeBefore(SECTION_ORDER.length);
  return writer.finish();
}

/** The module's types and, behind them, those of the grow functions. */
function buildTypes(
  survey: Survey,
  grown: readonly RewrittenMemory[],
  growTypes: Map<number, number>,
): Uint8Array {
  const codes = [...new Set(grown.map(({ is64 }) => (is64 ? I64 : I32)))];
  const section = survey.sections.find(({ id }) => id === SECTION.type);
  const reader = new ByteReader(survey.bytes, section?.contents ?? 0, section?.end ?? 0);
  // The count is that of groups, which may define several types each.
  const groups = section === undefined ? 0 : reader.u32();
  const writer = new ByteWriter(reader.end - reader.offset + 32);
  writer.unsigned(groups + codes.length);
  writer.copy(survey.bytes, reader.offset, reader.end);
  for (const [place, code] of codes.entries()) {
    growTypes.set(code, survey.typeCount + place);
    for (const byte of [0x60, 1, code, 1, code]) writer.u8(byte);
  }
  return writer.finish();
}

/** The module's imports and, behind them, its memories and the grow functions. */
function buildImports(
  survey: Survey,
  memories: readonly RewrittenMemory[],
  growTypes: ReadonlyMap<number, number>,
): Uint8Array {
  const section = survey.sections.find(({ id }) => id === SECTION.import);
  const own = memories.filter(({ importName }) => importName !== undefined);
  const grown = memories.filter(({ growName }) => growName !== undefined);
  const writer = new ByteWriter(1024);
  writer.unsigned(survey.imports.length + own.length + grown.length);
  if (section !== undefined) writer.copy(survey.bytes, survey.firstImport, section.end);
  for (const { importName, is64, minPages } of own) {
    writer.name(HOST_MODULE);
    writer.name(importName ?? '');
    // No maximum: the host's memory may have a lower one than the module declares.
    writer.u8(0x02);
    writer.u8(is64 ? 0b0100 : 0);
    writer.unsigned(minPages);
  }
  for (const { growName, is64 } of grown) {
    writer.name(HOST_MODULE);
    writer.name(growName ?? '');
    writer.u8(0x00);
    writer.unsigned(growTypes.get(is64 ? I64 : I32) ?? 0);
  }
  return writer.finish();
}

function writeCustom(writer: ByteWriter, survey: Survey, section: Section, to: Renumbering): void {
  const { name, start, contents, end } = section;
  // A source map and hints on code hold offsets, which no longer fit.
  if (name === 'sourceMappingURL' || name.startsWith('metadata.code.')) return;
  if (name !== 'name' || to.shift === 0) {
    writer.copy(survey.bytes, start, end);
    return;
  }
  const renumbered = renumberNames(new ByteReader(survey.bytes, contents, end), to);
  if (renumbered === undefined) return;
  const inner = new ByteWriter(renumbered.length + 8);
  inner.name('name');
  inner.copy(renumbered, 0, renumbered.length);
  writeSection(writer, SECTION.custom, inner.view());
}

/** A section of definitions, with the functions in it renumbered. */
function writeDefinitions(
  writer: ByteWriter,
  survey: Survey,
  section: Section,
  to: Renumbering,
): void {
  const { bytes } = survey;
  const { id, start, contents, end } = section;
  const edits = survey.edits.get(id);
  if (edits === undefined || to.shift === 0) {
    writer.copy(bytes, start, end);
    return;
  }
  const inner = new ByteWriter(end - contents + edits.count + 16);
  if (id === SECTION.code) writeBodies(inner, survey, section, edits, to);
  else edits.apply(bytes, contents, end, 0, to, inner);
  writeSection(writer, id, inner.view());
}

/** Function bodies: those without edits are copied together, sizes and all. */
function writeBodies(
  writer: ByteWriter,
  survey: Survey,
  section: Section,
  edits: Edits,
  to: Renumbering,
): void {
  const { bytes, bodies } = survey;
  const scratch = new ByteWriter(64 * 1024);
  let copied = section.contents;
  let next = 0;
  for (let place = 0; place < bodies.length; place += 3) {
    const end = bodies[place + 2] ?? 0;
    if (edits.startOf(next) >= end) continue;
    writer.copy(bytes, copied, bodies[place] ?? 0);
    scratch.clear();
    next = edits.apply(bytes, bodies[place + 1] ?? 0, end, next, to, scratch);
    writer.sized(scratch.view());
    copied = end;
  }
  writer.copy(bytes, copied, section.end);
}

function writeSection(writer: ByteWriter, id: number, contents: Uint8Array): void {
  writer.u8(id);
  writer.sized(contents);
}
