/**
 * Bytes → imports and exports: of components, and as component types and instance types declare them.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#import-and-export-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import { readExternName } from '../component-items.ts';
import type { Definition, ExternType, Sort } from './decoded-component.ts';
import { readSort, readSortedIndex } from './read-sort.ts';
import type { Scope } from './scope.ts';

const EQUALS = 0;
const RESOURCE = 1;

/** Reads an import and adds what it names to the scope. */
export function readImport(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const name = readName(reader, scope, 'import');
  const type = readExternType(reader, scope);
  scope.define(sortOf(type));
  return { at: at + reader.base, kind: 'import', name, type };
}

/** Reads an export, which adds what it exports to the scope once more. */
export function readExport(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const name = readName(reader, scope, 'export');
  const item = readSortedIndex(reader, scope);
  const typed = reader.u8();
  if (typed > 1) throw reader.malformed('whether an export has a type', reader.offset - 1);
  const typeAt = reader.offset;
  const type = typed === 0 ? undefined : readExternType(reader, scope);
  if (type !== undefined && sortOf(type) !== item.sort) {
    throw reader.malformed(`a type of sort ${item.sort}`, typeAt);
  }
  scope.define(item.sort);
  return { at: at + reader.base, kind: 'export', name, item, type };
}

/** Reads the export that a type declares and adds it to the scope. */
export function readExportDeclaration(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const name = readName(reader, scope, 'export');
  const type = readExternType(reader, scope);
  scope.define(sortOf(type));
  return { at: at + reader.base, kind: 'export-declaration', name, type };
}

/** The index space of what has a type. */
export function sortOf(type: ExternType): Sort {
  return type.kind === 'type-equal' || type.kind === 'type-resource' ? 'type' : type.kind;
}

function readName(reader: ByteReader, scope: Scope, kind: 'import' | 'export'): string {
  const at = reader.offset;
  const name = readExternName(reader, ignoreName, kind);
  scope.takeName(reader, kind, name, at);
  return name;
}

function readExternType(reader: ByteReader, scope: Scope): ExternType {
  const at = reader.offset;
  const sort = readSort(reader);
  if (sort === 'type') return readTypeBound(reader, scope);
  if (sort === 'core-module') {
    return { kind: sort, type: scope.readIndex(reader, 'core-type') };
  }
  if (sort !== 'func' && sort !== 'component' && sort !== 'instance') {
    throw reader.malformed('a sort that components import and export', at);
  }
  return { kind: sort, type: scope.readIndex(reader, 'type') };
}

function readTypeBound(reader: ByteReader, scope: Scope): ExternType {
  const code = reader.u8();
  if (code === EQUALS) return { kind: 'type-equal', type: scope.readIndex(reader, 'type') };
  if (code === RESOURCE) return { kind: 'type-resource' };
  throw reader.malformed('the bound of a type', reader.offset - 1);
}

function ignoreName(): void {
  // Whoever looks through the names of a component has done so before (scan-component.ts).
}
