/** Contents of an import section → imports. Apart from the sections because names are checked without the rest. */
import { HostError } from '../base/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import {
  readGlobalType,
  readMemoryType,
  readTableType,
  skipTagType,
  type GlobalType,
  type MemoryType,
  type TableType,
} from './types.ts';

/** What a core module imports. */
export type CoreImport = {
  readonly module: string;
  readonly field: string;
} &
  /** `type` is an index into the module's types. */
  (
    | { readonly kind: 'function'; readonly type: number }
    | { readonly kind: 'table'; readonly table: TableType }
    | { readonly kind: 'global'; readonly global: GlobalType }
    | { readonly kind: 'tag' }
    | { readonly kind: 'memory'; readonly memory: MemoryType }
  );

/**
 * Reads an import section.
 *
 * @param reader At the section's contents.
 * @param limit Most imports accepted.
 * @returns The imports in order, and the offset at which the first begins.
 * @throws {too_many_imports} If there are more than `limit`.
 * @throws {shared_memory_refused} If a memory is shared.
 * @throws {page_size_refused} If a memory's pages are not 64 KiB.
 */
export function readImports(
  reader: ByteReader,
  limit: number,
): { imports: CoreImport[]; first: number } {
  const count = reader.count('imports');
  if (count > limit) throw new HostError('too_many_imports', { limit });
  const first = reader.offset;
  const imports: CoreImport[] = [];
  let memories = 0;
  for (let index = 0; index < count; index += 1) {
    const one = readImport(reader, memories);
    if (one.kind === 'memory') memories += 1;
    imports.push(one);
  }
  reader.expectEnd('the import section');
  return { imports, first };
}

function readImport(reader: ByteReader, memories: number): CoreImport {
  const module = reader.name();
  const field = reader.name();
  const code = reader.u8();
  switch (code) {
    case 0:
      return { module, field, kind: 'function', type: reader.u32() };
    case 1:
      return { module, field, kind: 'table', table: readTableType(reader) };
    case 2:
      return { module, field, kind: 'memory', memory: readMemoryType(reader, memories) };
    case 3:
      return { module, field, kind: 'global', global: readGlobalType(reader) };
    case 4:
      skipTagType(reader);
      return { module, field, kind: 'tag' };
    default:
      throw reader.malformed('the kind of an import', reader.offset - 1);
  }
}
