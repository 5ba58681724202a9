/** What a module imports, in numbers: where the indices of its own begin. */
import type { ByteReader } from './byte-reader.ts';
import { skipGlobalType, skipTableType, skipTagType } from './types.ts';

/** Kinds whose indices somebody needs. */
export interface ImportCounts {
  readonly functions: number;
  readonly globals: number;
}

/**
 * Counts. Other than `readImports` it takes any memory: a rewritten module imports a shared one from its host.
 *
 * @param reader At the contents of an import section.
 * @throws {malformed_wasm} If it is not well-formed.
 */
export function countImports(reader: ByteReader): ImportCounts {
  const counts = { functions: 0, globals: 0 };
  for (let left = reader.count('imports'); left > 0; left -= 1) {
    reader.sized('a name');
    reader.sized('a name');
    const kind = reader.u8();
    if (kind === 0) {
      reader.u32();
      counts.functions += 1;
    } else if (kind === 1) skipTableType(reader);
    else if (kind === 2) skipMemoryType(reader);
    else if (kind === 3) {
      skipGlobalType(reader);
      counts.globals += 1;
    } else skipTagType(reader);
  }
  return counts;
}

/** The shared one among them is ours, so that `readMemoryType` would refuse it. */
function skipMemoryType(reader: ByteReader): void {
  const flags = reader.u8();
  reader.skipLeb(10);
  if ((flags & 1) !== 0) reader.skipLeb(10);
}
