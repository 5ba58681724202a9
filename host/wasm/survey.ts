/**
 * Walks a whole core module once: what it imports and defines, what its code can change, and every place
 * that names a function or grows something. What this host refuses is refused here, rewritten or not.
 */
import { HostError } from '../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { walkCode, type CodeFacts } from './code.ts';
import { walkDefinitions, type Definitions } from './definitions.ts';
import { Edits } from './edits.ts';
import { readImports, type CoreImport } from './imports.ts';
import { HOST_MODULE } from './module-contract.ts';
import { readSections, SECTION, type Section } from './sections.ts';
import { readMemoryType, readTypes, type Arity, type MemoryType } from './types.ts';

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
  readonly types: readonly Arity[];
  readonly imports: readonly CoreImport[];
  readonly importedFunctions: number;
  /** Types of all functions in the order of their indices, imported ones first. */
  readonly functionTypes: readonly number[];
  /** Memories in the order of their indices, imported ones first. */
  readonly importedMemories: readonly MemoryOrigin[];
  readonly ownMemories: readonly MemoryType[];
  /** How many of the tables and globals are imported. */
  readonly importedTables: number;
  readonly importedGlobals: number;
  readonly definitions: Readonly<Definitions>;
  readonly code: CodeFacts;
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
 * @throws {reserved_export} If it exports under a name of the host's.
 * @throws {shared_memory_refused} If it has a shared memory.
 * @throws {page_size_refused} If a memory's pages are not 64 KiB.
 * @throws {gc_refused} If it can allocate garbage-collected memory.
 * @throws {function_too_large} If a function body is larger than allowed.
 */
export function surveyModule(bytes: Uint8Array, options: SurveyOptions): Survey {
  const sections = readSections(bytes, options.base);
  let typeCount = Infinity;
  /** A reader of a section; of nothing, as if it were a vector without elements, if there is none. */
  const read = (id: number): ByteReader => {
    const section = sections.find((section) => section.id === id);
    const reader =
      section === undefined
        ? new ByteReader(NO_ELEMENTS, 0, 1, options.base)
        : new ByteReader(bytes, section.contents, section.end, options.base);
    reader.typeCount = typeCount;
    return reader;
  };
  // Types may name ones that come later; V8 wants them in the same group, so none can be one that is added.
  const types = readTypes(read(SECTION.type));
  typeCount = types.length;
  const { imports } = readImports(read(SECTION.import), options.maxImports);
  checkReserved(imports);
  const functions = imports.filter((one) => one.kind === 'function');
  const importedMemories = imports.filter((one) => one.kind === 'memory');
  const tables = imports.filter((one) => one.kind === 'table').map(({ table }) => table);
  const globals = imports.filter((one) => one.kind === 'global').map(({ global }) => global);
  const functionTypes = [
    ...functions.map(({ type }) => type),
    ...readFunctionTypes(read(SECTION.function)),
  ];
  const typeless = functionTypes.some((type) => type >= types.length);
  if (typeless) throw read(SECTION.function).malformed('functions of types that there are');
  const ownMemories = readMemories(read(SECTION.memory), importedMemories.length);
  const memoryCount = importedMemories.length + ownMemories.length;
  const importedFunctions = functions.length;
  const importedTables = tables.length;
  const importedGlobals = globals.length;

  const definitions: Definitions = {
    memoryCount,
    tables,
    globals,
    exportedTables: new Set(),
    exportedGlobals: new Set(),
    start: undefined,
    lowestData: undefined,
  };
  const edits = new Map<number, Edits>();
  for (const { id } of sections) {
    if (id === SECTION.code || id === SECTION.custom) continue;
    const found = new Edits(functionTypes.length);
    walkDefinitions(id, read(id), found, definitions);
    if (found.count > 0) edits.set(id, found);
  }
  checkStart(definitions.start, functionTypes, types, read(SECTION.start));
  const codeReader = read(SECTION.code);
  const codeEdits = new Edits(functionTypes.length);
  edits.set(SECTION.code, codeEdits);
  const code = walkCode(codeReader, {
    firstFunction: importedFunctions,
    memoryCount,
    tableCount: tables.length,
    globalCount: globals.length,
    maxFunctionBytes: options.maxFunctionBytes,
    edits: codeEdits,
  });
  if (code.bodies.length / 3 !== functionTypes.length - importedFunctions) {
    throw codeReader.malformed('a body for each function');
  }
  checkDeclared(definitions.start, code, edits, codeReader);
  return {
    bytes,
    sections,
    types,
    imports,
    importedFunctions,
    functionTypes,
    importedMemories,
    ownMemories,
    importedTables,
    importedGlobals,
    definitions,
    code,
    edits,
  };
}

/** A vector of nothing. */
const NO_ELEMENTS = new Uint8Array(1);

function readFunctionTypes(reader: ByteReader): number[] {
  const functions: number[] = [];
  for (let left = reader.count('functions'); left > 0; left -= 1) functions.push(reader.u32());
  reader.expectEnd('the function section');
  return functions;
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

/** An export may have any type, so V8 would no longer see a start function that takes something. */
function checkStart(
  start: number | undefined,
  functionTypes: readonly number[],
  types: readonly Arity[],
  reader: ByteReader,
): void {
  if (start === undefined) return;
  const type = types[functionTypes[start] ?? 0];
  if (type?.parameters === 0 && type.results === 0) return;
  throw reader.malformed('a start function that takes and gives nothing');
}

/** What `ref.func` names must be declared outside of bodies; the export of the start function would do that. */
function checkDeclared(
  start: number | undefined,
  { referredFunctions }: CodeFacts,
  edits: ReadonlyMap<number, Edits>,
  reader: ByteReader,
): void {
  if (start === undefined || !referredFunctions.has(start)) return;
  const isDeclared = [...edits].some(
    ([id, found]) => id !== SECTION.start && id !== SECTION.code && found.names(start),
  );
  if (!isDeclared) throw reader.malformed('only references to declared functions');
}

function checkReserved(imports: readonly CoreImport[]): void {
  const taken = imports.find(({ module }) => module === HOST_MODULE);
  if (taken === undefined) return;
  throw new HostError('reserved_import', { module: HOST_MODULE, name: taken.field });
}
