/**
 * Renumbers the functions in a `name` section, from which V8 takes the names in stack traces.
 *
 * @see https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 */
import { HostError } from '../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { renumber, type Renumbering } from './edits.ts';

/** Subsections that are keyed by function index. */
const FUNCTIONS = 1;
const LOCALS = 2;
const LABELS = 3;

/**
 * Renumbers.
 *
 * @param reader At the contents of the section, behind its name.
 * @returns New contents, or undefined if they cannot be read: a debugging aid that is wrong does not make a module wrong.
 */
export function renumberNames(reader: ByteReader, to: Renumbering): Uint8Array | undefined {
  const writer = new ByteWriter(reader.end - reader.offset + 1024);
  try {
    while (!reader.done) {
      const id = reader.u8();
      const inner = reader.sized('a subsection');
      writer.u8(id);
      if (id === FUNCTIONS || id === LOCALS || id === LABELS) {
        writer.sized(renumberKeys(inner, to, id === FUNCTIONS));
      } else {
        writer.sized(reader.bytes.subarray(inner.offset, inner.end));
      }
    }
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
  return writer.finish();
}

function renumberKeys(reader: ByteReader, to: Renumbering, valuesAreNames: boolean): Uint8Array {
  const writer = new ByteWriter(reader.end - reader.offset + 1024);
  const count = reader.count('names');
  writer.unsigned(count);
  for (let index = 0; index < count; index += 1) {
    writer.unsigned(renumber(reader.u32(), to));
    const start = reader.offset;
    if (valuesAreNames) reader.sized('a name');
    else skipNameMap(reader);
    writer.copy(reader.bytes, start, reader.offset);
  }
  return writer.view();
}

function skipNameMap(reader: ByteReader): void {
  for (let left = reader.count('names'); left > 0; left -= 1) {
    reader.u32();
    reader.sized('a name');
  }
}
