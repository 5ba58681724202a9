/** Core module bytes → whether instantiating the module runs a function of it. */
import { readSections, SECTION } from './sections.ts';

/**
 * Looks for a start section.
 *
 * @throws {malformed_wasm} If the sections are not well-formed.
 */
export function hasStart(bytes: Uint8Array): boolean {
  return readSections(bytes).some(({ id }) => id === SECTION.start);
}
