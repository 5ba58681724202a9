/**
 * Bytes → instances: of core modules and of components, or made of a group of exports.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#instance-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import { readExternName } from '../component-items.ts';
import type { Definition, NamedIndex, SortedIndex } from './decoded-component.ts';
import { readCoreSort, readCoreSortedIndex, readSortedIndex } from './read-sort.ts';
import { takeName, type Scope } from './scope.ts';

const INSTANTIATE = 0;
const EXPORTS = 1;

/** Reads a core instance and adds it to the scope. */
export function readCoreInstance(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset + reader.base;
  const definition = readCoreForm(reader, scope, at);
  scope.define('core-instance');
  return definition;
}

/** Reads an instance and adds it to the scope. */
export function readInstance(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset + reader.base;
  const definition = readForm(reader, scope, at);
  scope.define('instance');
  return definition;
}

function readCoreForm(reader: ByteReader, scope: Scope, at: number): Definition {
  const form = reader.u8();
  if (form === INSTANTIATE) {
    const module = scope.readIndex(reader, 'core-module');
    const args = readNamed(reader, scope, 'arguments', readCoreName, readCoreArgument);
    return { at, kind: 'core-instantiate', module, arguments: args };
  }
  if (form !== EXPORTS) throw reader.malformed('a core instance', reader.offset - 1);
  const exports = readNamed(reader, scope, 'exports', readCoreName, readCoreSortedIndex);
  return { at, kind: 'core-exports', exports };
}

function readForm(reader: ByteReader, scope: Scope, at: number): Definition {
  const form = reader.u8();
  if (form === INSTANTIATE) {
    const component = scope.readIndex(reader, 'component');
    const args = readNamed(reader, scope, 'arguments', readCoreName, readSortedIndex);
    return { at, kind: 'instantiate', component, arguments: args };
  }
  if (form !== EXPORTS) throw reader.malformed('an instance', reader.offset - 1);
  const exports = readNamed(reader, scope, 'exports', readExportName, readSortedIndex);
  return { at, kind: 'exports', exports };
}

/** Reads names, each with what it names. */
function readNamed(
  reader: ByteReader,
  scope: Scope,
  what: string,
  readName: (reader: ByteReader) => string,
  readItem: (reader: ByteReader, scope: Scope) => SortedIndex,
): NamedIndex[] {
  const count = reader.count(what);
  scope.budget.addParts(count);
  const taken = new Set<string>();
  return Array.from({ length: count }, () => {
    const at = reader.offset;
    const name = readName(reader);
    takeName(reader, taken, name, at);
    return { name, ...readItem(reader, scope) };
  });
}

function readCoreName(reader: ByteReader): string {
  return reader.name();
}

function readExportName(reader: ByteReader): string {
  return readExternName(reader, () => undefined, 'export');
}

function readCoreArgument(reader: ByteReader, scope: Scope): SortedIndex {
  const at = reader.offset;
  const sort = readCoreSort(reader);
  if (sort !== 'core-instance') throw reader.malformed('a core instance as argument', at);
  return { sort, index: scope.readIndex(reader, sort) };
}
