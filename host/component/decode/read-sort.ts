/** Bytes → sorts: which index space an index is of. */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type { CoreSort, Sort, SortedIndex } from './decoded-component.ts';
import type { Scope } from './scope.ts';
import { unsupported } from './unsupported.ts';

const CORE_SORTS: ReadonlyMap<number, CoreSort> = new Map([
  [0x00, 'core-func'],
  [0x01, 'core-table'],
  [0x02, 'core-memory'],
  [0x03, 'core-global'],
  [0x04, 'core-tag'],
  [0x10, 'core-type'],
  [0x11, 'core-module'],
  [0x12, 'core-instance'],
]);
const SORTS: readonly Sort[] = ['func', 'value', 'type', 'component', 'instance'];

/** Reads a sort. */
export function readSort(reader: ByteReader): Sort {
  const at = reader.offset;
  const code = reader.u8();
  if (code === 0) return readCoreSort(reader);
  const sort = SORTS[code - 1];
  if (sort === undefined) throw reader.malformed('a sort', at);
  if (sort === 'value') throw unsupported('values of components');
  return sort;
}

/** Reads a sort of the core language. */
export function readCoreSort(reader: ByteReader): CoreSort {
  const at = reader.offset;
  const sort = CORE_SORTS.get(reader.u8());
  if (sort === undefined) throw reader.malformed('a core sort', at);
  return sort;
}

/** Reads a sort and an index of it that arguments and exports of components may have. */
export function readSortedIndex(reader: ByteReader, scope: Scope): SortedIndex {
  const at = reader.offset;
  const sort = readSort(reader);
  if (sort.startsWith('core-') && sort !== 'core-module') {
    throw reader.malformed('a sort that components import and export', at);
  }
  return { sort, index: scope.readIndex(reader, sort) };
}

/** Reads a core sort and an index of it that core instances may export. */
export function readCoreSortedIndex(reader: ByteReader, scope: Scope): SortedIndex {
  const at = reader.offset;
  const sort = readCoreSort(reader);
  if (sort === 'core-type' || sort === 'core-module' || sort === 'core-instance') {
    throw reader.malformed('a sort that core instances export', at);
  }
  return { sort, index: scope.readIndex(reader, sort) };
}
