/**
 * Reads the items of a component's sections as far as they hold names: imports, exports, instances,
 * aliases. Types and canonical functions are not decoded here.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import type { ByteReader } from '../wasm/byte-reader.ts';

/** What an import or export of a component is. */
export type ItemKind = 'core-module' | 'func' | 'value' | 'type' | 'component' | 'instance';

/** An import or export. */
export interface ComponentItem {
  /** Name with its version: `wasi:http/types@0.2.3`. */
  readonly name: string;
  readonly kind: ItemKind;
}

/** Told of every name; `what` says what it names, for people. */
export type NameVisitor = (name: string, what: string) => void;

const KINDS: readonly ItemKind[] = [
  'core-module',
  'func',
  'value',
  'type',
  'component',
  'instance',
];
/** Options of names: the interface a name implements, the end of its version, an id outside of WIT. */
const IMPLEMENTS = 0;
const VERSION_SUFFIX = 1;
const EXTERNAL_ID = 2;
/** Sorts of core items: func table memory global tag, type module instance. */
const CORE_SORTS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 0x10, 0x11, 0x12]);
const CORE_MODULE_SORT = 0x11;
const CORE_INSTANCE_SORT = 0x12;

/** Reads one import. */
export function readImport(reader: ByteReader, visit: NameVisitor): ComponentItem {
  const name = readExternName(reader, visit, 'import');
  return { name, kind: readExternType(reader) };
}

/** Reads one export of a component. */
export function readExport(reader: ByteReader, visit: NameVisitor): ComponentItem {
  const item = readInlineExport(reader, visit);
  const typed = reader.u8();
  if (typed > 1) throw reader.malformed('whether an export has a type', reader.offset - 1);
  if (typed === 1) readExternType(reader);
  return item;
}

/** Passes over one core instance: an instantiation with its arguments, or a group of exports. */
export function walkCoreInstance(reader: ByteReader, visit: NameVisitor): void {
  if (readForm(reader, 'a core instance') === 'instantiate') {
    reader.u32();
    for (let left = reader.count('arguments'); left > 0; left -= 1) {
      visit(reader.name(), 'core instantiation argument');
      if (reader.u8() !== CORE_INSTANCE_SORT) {
        throw reader.malformed('a core instance as argument', reader.offset - 1);
      }
      reader.u32();
    }
    return;
  }
  for (let left = reader.count('exports'); left > 0; left -= 1) {
    visit(reader.name(), 'core instance export');
    readCoreSort(reader);
    reader.u32();
  }
}

/** Passes over one instance: an instantiation with its arguments, or a group of exports. */
export function walkInstance(reader: ByteReader, visit: NameVisitor): void {
  if (readForm(reader, 'an instance') === 'instantiate') {
    reader.u32();
    for (let left = reader.count('arguments'); left > 0; left -= 1) {
      visit(reader.name(), 'instantiation argument');
      readSort(reader);
      reader.u32();
    }
    return;
  }
  for (let left = reader.count('exports'); left > 0; left -= 1) readInlineExport(reader, visit);
}

/** Passes over one alias. */
export function walkAlias(reader: ByteReader, visit: NameVisitor): void {
  const sort = reader.u8();
  if (sort >= KINDS.length) throw reader.malformed('a sort', reader.offset - 1);
  if (sort === 0) readCoreSort(reader);
  const target = reader.u8();
  if (target > 2) throw reader.malformed('the target of an alias', reader.offset - 1);
  reader.u32();
  if (target === 2) reader.u32();
  else visit(reader.name(), target === 1 ? 'core alias' : 'alias');
}

function readInlineExport(reader: ByteReader, visit: NameVisitor): ComponentItem {
  const name = readExternName(reader, visit, 'export');
  const kind = readSort(reader);
  reader.u32();
  return { name, kind };
}

/** Reads a name with its options; the end of its version, where apart, is put back. */
export function readExternName(reader: ByteReader, visit: NameVisitor, what: string): string {
  const form = reader.u8();
  if (form > 2) throw reader.malformed('a name', reader.offset - 1);
  const name = reader.name();
  visit(name, what);
  // Encoders wrote 1 for interface names until 2024; the meaning is that of 0.
  if (form < 2) return name;
  let suffix = '';
  for (let left = reader.count('options of a name'); left > 0; left -= 1) {
    const option = reader.u8();
    if (option !== IMPLEMENTS && option !== VERSION_SUFFIX && option !== EXTERNAL_ID) {
      throw reader.malformed('an option of a name', reader.offset - 1);
    }
    const value = reader.name();
    visit(value, `option of an ${what}`);
    if (option === VERSION_SUFFIX && name.includes('@')) suffix = value;
  }
  return name + suffix;
}

function readExternType(reader: ByteReader): ItemKind {
  const start = reader.offset;
  const kind = readSort(reader);
  if (kind === 'value') throw reader.malformed('something else than a value', start);
  // The bound of a type: 0 equals another, 1 is a resource.
  const bound = kind === 'type' ? reader.u8() : 0;
  if (bound > 1) throw reader.malformed('the bound of a type', reader.offset - 1);
  if (bound === 0) reader.u32();
  return kind;
}

function readSort(reader: ByteReader): ItemKind {
  const start = reader.offset;
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw reader.malformed('a sort', start);
  if (kind === 'core-module' && reader.u8() !== CORE_MODULE_SORT) {
    throw reader.malformed('the sort of a core module', reader.offset - 1);
  }
  return kind;
}

function readCoreSort(reader: ByteReader): void {
  if (!CORE_SORTS.has(reader.u8())) throw reader.malformed('a core sort', reader.offset - 1);
}

function readForm(reader: ByteReader, what: string): 'instantiate' | 'exports' {
  const form = reader.u8();
  if (form > 1) throw reader.malformed(what, reader.offset - 1);
  return form === 0 ? 'instantiate' : 'exports';
}
