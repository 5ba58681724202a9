/**
 * Bytes → aliases of exports, of core exports, and of what an enclosing scope defined before.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#alias-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type { AliasTarget, Definition, Sort } from './decoded-component.ts';
import { readSort } from './read-sort.ts';
import type { Scope } from './scope.ts';

const TARGET = Object.freeze({ export: 0, coreExport: 1, outer: 2 });
/** What a component or type may take from around it: what cannot change and holds no state. */
const OUTER_SORTS: ReadonlySet<Sort> = new Set(['core-type', 'core-module', 'type', 'component']);
/** What core instances export. */
const CORE_EXPORT_SORTS: ReadonlySet<Sort> = new Set([
  'core-func',
  'core-table',
  'core-memory',
  'core-global',
  'core-tag',
]);

/** Reads an alias and adds it to the scope. */
export function readAlias(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const sort = readSort(reader);
  const target = readTarget(reader, scope, sort, at);
  scope.define(sort);
  return { at: at + reader.base, kind: 'alias', sort, target };
}

function readTarget(reader: ByteReader, scope: Scope, sort: Sort, at: number): AliasTarget {
  const code = reader.u8();
  switch (code) {
    case TARGET.export: {
      if (sort.startsWith('core-') && sort !== 'core-module') {
        throw reader.malformed('a sort that instances export', at);
      }
      const instance = scope.readIndex(reader, 'instance');
      return { kind: 'export', instance, name: reader.name() };
    }
    case TARGET.coreExport: {
      if (!CORE_EXPORT_SORTS.has(sort)) {
        throw reader.malformed('a sort that core instances export', at);
      }
      const instance = scope.readIndex(reader, 'core-instance');
      return { kind: 'core-export', instance, name: reader.name() };
    }
    case TARGET.outer:
      if (!OUTER_SORTS.has(sort)) throw reader.malformed('a sort that has outer aliases', at);
      return readOuter(reader, scope, sort);
    default:
      throw reader.malformed('the target of an alias', reader.offset - 1);
  }
}

function readOuter(reader: ByteReader, scope: Scope, sort: Sort): AliasTarget {
  const at = reader.offset;
  const count = reader.u32();
  let target: Scope | undefined = scope;
  for (let left = count; left > 0 && target !== undefined; left -= 1) target = target.parent;
  if (target === undefined) throw reader.malformed('an enclosing scope', at);
  return { kind: 'outer', count, index: target.readIndex(reader, sort) };
}
