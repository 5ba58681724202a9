/**
 * Core module bytes → what it imports and exports, with the signatures of functions. V8 checks what one
 * module gives another, but a function of JavaScript has no signature: that it is called with what it
 * expects is checked at deploy, from this.
 *
 * Signatures are read when asked for: a module may have a million types.
 */
import { HostError } from '../../base/errors.ts';
import { ByteReader } from '../../wasm/byte-reader.ts';
import { readImports } from '../../wasm/imports.ts';
import { readSections, SECTION } from '../../wasm/sections.ts';
import { readMemoryType, skipValueType } from '../../wasm/types.ts';
import type { CoreExternSort } from './items.ts';

/** A core value type; all reference types are one here. */
export type CoreValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'ref';

/** A core function type. */
export interface CoreSignature {
  readonly parameters: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

/** What a module imports. */
export interface CoreImportType {
  readonly module: string;
  readonly field: string;
  readonly sort: CoreExternSort;
  /** Of a function. */
  readonly signature: CoreSignature | undefined;
}

/** What a module exports. */
export interface CoreExportType {
  readonly sort: CoreExternSort;
  /** Of a function. */
  readonly signature: CoreSignature | undefined;
  /** Whether it is a memory with 64-bit addresses. */
  readonly is64: boolean;
}

/** What a module imports and exports. */
export interface CoreInterface {
  readonly imports: readonly CoreImportType[];
  /** The sort and index of each export. */
  readonly exportIndices: ReadonlyMap<
    string,
    { readonly sort: CoreExternSort; readonly index: number }
  >;
  /** How many functions it imports: these have the first indices. */
  readonly importedFunctions: number;
  /** The type of an export; undefined if there is none of this name. @throws {malformed_wasm} If it exports what there is not. */
  getExport(name: string): CoreExportType | undefined;
  /** Index of a function's type. @throws {malformed_wasm} If there is no such function. */
  typeOfFunction(index: number): number;
  /** @throws {malformed_wasm} If there is no such type, or it is no function type. @throws {gc_refused} If it is a struct or an array. */
  signatureOf(type: number): CoreSignature;
}

const NUMERIC: ReadonlyMap<number, CoreValueType> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
]);
const SORTS: readonly CoreExternSort[] = [
  'core-func',
  'core-table',
  'core-memory',
  'core-global',
  'core-tag',
];
const FORM = Object.freeze({
  array: 0x5e,
  struct: 0x5f,
  func: 0x60,
  rec: 0x4e,
  sub: 0x50,
  final: 0x4f,
});
/** V8's own limits. */
const MAX_TYPES = 1_000_000;
const MAX_FUNCTIONS = 1_000_000;
const MAX_EXPORTS = 100_000;
const MAX_VALUES = 1000;
const MAX_IMPORTS = 5000;
/** A function type has at most 17 parameters after flattening. */
const SHOWN_TYPES = 18;

/**
 * Reads the interface of a module.
 *
 * @param bytes The module.
 * @param base Where it starts in the uploaded file, for errors.
 * @throws {malformed_wasm} If it is not well-formed.
 * @throws {wasm_too_complex} If it has more of anything than V8 takes.
 * @throws {too_many_imports} If it has more than 5,000 imports.
 */
export function readCoreInterface(bytes: Uint8Array, base: number): CoreInterface {
  const contents = new Map<number, readonly [start: number, end: number]>();
  for (const { id, contents: start, end } of readSections(bytes, base)) {
    if (id !== SECTION.custom) contents.set(id, [start, end]);
  }
  const read = (id: number): ByteReader => {
    const [start, end] = contents.get(id) ?? [0, 0];
    return new ByteReader(bytes, start, end, base);
  };
  const has = (id: number): boolean => contents.has(id);
  const typeOffsets = has(SECTION.type) ? readTypeOffsets(read(SECTION.type)) : [];
  const { imports } = has(SECTION.import)
    ? readImports(read(SECTION.import), MAX_IMPORTS)
    : { imports: [] };
  const functionTypes = imports.flatMap((one) => (one.kind === 'function' ? [one.type] : []));
  const importedFunctions = functionTypes.length;
  if (has(SECTION.function)) readFunctionTypes(read(SECTION.function), functionTypes);
  const memories = imports.flatMap((one) => (one.kind === 'memory' ? [one.memory.is64] : []));
  if (has(SECTION.memory)) readMemories(read(SECTION.memory), memories);
  const exportIndices = has(SECTION.export) ? readExports(read(SECTION.export)) : new Map();

  const missing = (what: string): HostError => new ByteReader(bytes, 0, 0, base).malformed(what);
  const typeOfFunction = (index: number): number => {
    const type = functionTypes[index];
    if (type === undefined) throw missing(`a module with a function ${index}`);
    return type;
  };
  const signatureOf = (type: number): CoreSignature => {
    const offset = typeOffsets[type];
    if (offset === undefined) throw missing(`a module with a type ${type}`);
    return readSignature(new ByteReader(bytes, offset, contents.get(SECTION.type)?.[1], base));
  };
  const getExport = (name: string): CoreExportType | undefined => {
    const found = exportIndices.get(name);
    if (found === undefined) return undefined;
    const { sort, index } = found;
    const signature = sort === 'core-func' ? signatureOf(typeOfFunction(index)) : undefined;
    return { sort, signature, is64: sort === 'core-memory' && memories[index] === true };
  };
  return {
    imports: imports.map((one) => ({
      module: one.module,
      field: one.field,
      sort: one.kind === 'function' ? 'core-func' : `core-${one.kind}`,
      signature: one.kind === 'function' ? signatureOf(one.type) : undefined,
    })),
    exportIndices,
    importedFunctions,
    getExport,
    typeOfFunction,
    signatureOf,
  };
}

/** Whether a function of one signature can stand for one of another, as far as it is known: references are V8's to check. */
export function sameSignature(left: CoreSignature, right: CoreSignature): boolean {
  return sameTypes(left.parameters, right.parameters) && sameTypes(left.results, right.results);
}

/** `(i32, i64) -> (i32)`. */
export function describeSignature({ parameters, results }: CoreSignature): string {
  return `(${describeTypes(parameters)}) -> (${describeTypes(results)})`;
}

function describeTypes(types: readonly CoreValueType[]): string {
  const shown = types.slice(0, SHOWN_TYPES).join(', ');
  return types.length > SHOWN_TYPES ? `${shown}, …` : shown;
}

function sameTypes(left: readonly CoreValueType[], right: readonly CoreValueType[]): boolean {
  return left.length === right.length && left.every((type, index) => type === right[index]);
}

function checkCount(what: string, count: number, limit: number): void {
  if (count > limit) throw new HostError('wasm_too_complex', { what, limit });
}

/** Where each type begins, passing over what stands between the types. */
function readTypeOffsets(reader: ByteReader): number[] {
  const offsets: number[] = [];
  for (let left = reader.count('types'); left > 0; left -= 1) {
    let members = 1;
    if (reader.peek() === FORM.rec) {
      reader.u8();
      members = reader.count('types of a group');
    }
    checkCount('types', offsets.length + members, MAX_TYPES);
    for (; members > 0; members -= 1) {
      offsets.push(reader.offset);
      readSignature(reader);
    }
  }
  reader.expectEnd('the type section');
  return offsets;
}

function readSignature(reader: ByteReader): CoreSignature {
  const first = reader.peek();
  if (first === FORM.sub || first === FORM.final) {
    reader.u8();
    for (let left = reader.count('supertypes'); left > 0; left -= 1) reader.u32();
  }
  const at = reader.offset;
  const form = reader.u8();
  if (form === FORM.struct || form === FORM.array) {
    const what = form === FORM.struct ? 'structs' : 'arrays';
    throw new HostError('gc_refused', { what, offset: at + reader.base });
  }
  if (form !== FORM.func) throw reader.malformed('a function type', at);
  const parameters = readValueTypes(reader, 'parameters');
  return { parameters, results: readValueTypes(reader, 'results') };
}

function readValueTypes(reader: ByteReader, what: string): CoreValueType[] {
  const count = reader.count(what);
  checkCount(`${what} of a function`, count, MAX_VALUES);
  return Array.from({ length: count }, () => {
    const numeric = NUMERIC.get(reader.peek());
    skipValueType(reader);
    return numeric ?? 'ref';
  });
}

function readFunctionTypes(reader: ByteReader, types: number[]): void {
  const count = reader.count('functions');
  checkCount('functions', types.length + count, MAX_FUNCTIONS);
  for (let left = count; left > 0; left -= 1) types.push(reader.u32());
  reader.expectEnd('the function section');
}

function readMemories(reader: ByteReader, memories: boolean[]): void {
  for (let left = reader.count('memories'); left > 0; left -= 1) {
    memories.push(readMemoryType(reader, memories.length).is64);
  }
  reader.expectEnd('the memory section');
}

function readExports(reader: ByteReader): Map<string, { sort: CoreExternSort; index: number }> {
  const count = reader.count('exports');
  checkCount('exports', count, MAX_EXPORTS);
  const exports = new Map<string, { sort: CoreExternSort; index: number }>();
  for (let left = count; left > 0; left -= 1) {
    const at = reader.offset;
    const name = reader.name();
    if (exports.has(name)) throw reader.malformed('a name that was not exported before', at);
    const sort = SORTS[reader.u8()];
    if (sort === undefined) throw reader.malformed('the kind of an export', reader.offset - 1);
    exports.set(name, { sort, index: reader.u32() });
  }
  reader.expectEnd('the export section');
  return exports;
}
