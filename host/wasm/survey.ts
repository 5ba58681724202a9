/**
 * Walks a whole core module once: what it imports and defines, and every place that names a function or
 * grows a memory. What this host refuses is refused here, rewritten or not.
 */
import { HostError } from '../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { walkCode, type Bodies } from './code.ts';
import { Edits } from './edits.ts';
import { findFunctionReferences } from './function-references.ts';
import { readImports, type CoreImport } from './imports.ts';
import { readSections, SECTION, type Section } from './sections.ts';
import { countTypes, readMemoryType, type MemoryType } from './types.ts';

/** Import module under which a rewritten module finds what the host gives it. */
export const HOST_MODULE = 'faas:host';

/** Limits of a survey. */
export interface SurveyOptions {
  /** Largest function body accepted, in bytes; compiling a body cannot be interrupted. */
  readonly maxFunctionBytes: number;
  /** Most imports accepted. */
  readonly maxImports: number;
  /** Where the module starts in the uploaded file, for the offsets in errors. */
  readonly base: number;
}

/** What a walk over a module found. */
export interface Survey {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly typeCount: number;
  readonly imports: readonly CoreImport[];
  /** Offset of the first import behind the count; 0 without an import section. */
  readonly firstImport: number;
  readonly importedFunctions: number;
  /** Memories in the order of their indices, imported ones first. */
  readonly importedMemories: readonly MemoryOrigin[];
  readonly ownMemories: readonly MemoryType[];
  readonly grownMemories: ReadonlySet<number>;
  readonly bodies: Bodies;
  /** Places to change, by section id. */
  readonly edits: ReadonlyMap<number, Edits>;
}

/** An imported memory. */
export interface MemoryOrigin {
  readonly module: string;
  readonly field: string;
  readonly memory: MemoryType;
}

/**
 * Walks a module.
 *
 * @throws {malformed_wasm} If it is not well-formed, or uses what this host does not know.
 * @throws {wasm_too_complex} If it has more sections, functions or references to them than can be held.
 * @throws {too_many_imports} If it imports more than allowed.
 * @throws {reserved_import} If it imports from the host's own module name.
 * @throws {shared_memory_refused} If it has a shared memory.
 * @throws {page_size_refused} If a memory's pages are not 64 KiB.
 * @throws {gc_refused} If it can allocate garbage-collected memory.
 * @throws {function_too_large} If a function body is larger than allowed.
 */
export function surveyModule(bytes: Uint8Array, options: SurveyOptions): Survey {
  const sections = readSections(bytes, options.base);
  const read = (id: number): ByteReader | undefined => {
    const section = sections.find((section) => section.id === id);
    if (section === undefined) return undefined;
    return new ByteReader(bytes, section.contents, section.end, options.base);
  };
  const types = read(SECTION.type);
  const typeCount = types === undefined ? 0 : countTypes(types);
  const importReader = read(SECTION.import);
  const { imports, first } =
    importReader === undefined
      ? { imports: [], first: 0 }
      : readImports(importReader, options.maxImports);
  checkReserved(imports);
  const importedFunctions = imports.filter((one) => one.kind === 'function').length;
  const importedMemories = imports.filter((one) => one.kind === 'memory');
  const memoryReader = read(SECTION.memory);
  const ownMemories =
    memoryReader === undefined ? [] : readMemories(memoryReader, importedMemories.length);

  const edits = new Map<number, Edits>();
  for (const { id } of sections) {
    const reader = id === SECTION.code ? undefined : read(id);
    if (reader === undefined || id === SECTION.custom) continue;
    const found = new Edits();
    findFunctionReferences(id, reader, found);
    if (found.count > 0) edits.set(id, found);
  }
  const codeEdits = new Edits();
  const grownMemories = new Set<number>();
  const code = read(SECTION.code);
  const { maxFunctionBytes } = options;
  const walk = {
    firstFunction: importedFunctions,
    memoryCount: importedMemories.length + ownMemories.length,
    maxFunctionBytes,
    edits: codeEdits,
    grownMemories,
  };
  const bodies = code === undefined ? [] : walkCode(code, walk);
  edits.set(SECTION.code, codeEdits);
  return {
    bytes,
    sections,
    typeCount,
    imports,
    firstImport: first,
    importedFunctions,
    importedMemories,
    ownMemories,
    grownMemories,
    bodies,
    edits,
  };
}

function readMemories(reader: ByteReader, firstIndex: number): MemoryType[] {
  const memories: MemoryType[] = [];
  const count = reader.count('memories');
  for (let index = 0; index < count; index += 1) {
    memories.push(readMemoryType(reader, firstIndex + index));
  }
  reader.expectEnd('the memory section');
  return memories;
}

function checkReserved(imports: readonly CoreImport[]): void {
  const taken = imports.find(({ module }) => module === HOST_MODULE);
  if (taken === undefined) return;
  throw new HostError('reserved_import', { module: HOST_MODULE, name: taken.field });
}
