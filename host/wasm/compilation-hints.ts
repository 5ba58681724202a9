/**
 * Tells V8 which functions of a core module to compile with the module, on other threads, and not at their first call. It
 * looks at that with `--experimental-wasm-compilation-hints`, and passes over the section without.
 *
 * @see https://github.com/WebAssembly/compilation-hints
 */
import { BRANCH_HINT_SECTION } from './branch-hints.ts';
import { ByteWriter } from './byte-writer.ts';
import { PREAMBLE_BYTES, readSections, SECTION } from './sections.ts';

/** What all sections are called that hold hints for compilers. */
const HINT_PREFIX = 'metadata.code.';
const PRIORITY_SECTION = `${HINT_PREFIX}compilation_priority`;
/** The same for all: the order among them matters to nobody. Without a second number V8 optimises them as it would any other. */
const PRIORITY = 1;

/**
 * Adds them, in place of those that the module brings along: what is compiled when is the host's business.
 *
 * @param functions Indices of functions with a body, in order.
 * @returns New bytes; the given ones if nothing had to change.
 */
export function addCompilationHints(bytes: Uint8Array, functions: readonly number[]): Uint8Array {
  const sections = readSections(bytes);
  const isForeign = (name: string): boolean =>
    name.startsWith(HINT_PREFIX) && name !== BRANCH_HINT_SECTION;
  if (functions.length === 0 && !sections.some(({ name }) => isForeign(name))) return bytes;
  const writer = new ByteWriter(bytes.length + functions.length * 8 + 64);
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  for (const { id, name, start, end } of sections) {
    if (isForeign(name)) continue;
    if (id === SECTION.code && functions.length > 0) writeHints(writer, functions);
    writer.copy(bytes, start, end);
  }
  return writer.finish();
}

function writeHints(writer: ByteWriter, functions: readonly number[]): void {
  const inner = new ByteWriter(functions.length * 8 + 64);
  inner.name(PRIORITY_SECTION);
  inner.unsigned(functions.length);
  for (const index of functions) {
    inner.unsigned(index);
    // Of the function as a whole: offset 0, and one byte.
    inner.u8(0);
    inner.u8(1);
    inner.u8(PRIORITY);
  }
  writer.u8(SECTION.custom);
  writer.sized(inner.view());
}
