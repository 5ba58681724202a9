/**
 * Component bytes → what it imports, with types: for components that the native engine leaves to the jco engine,
 * and that must call the host with the types it has all the same.
 */
import { decodeKnownPart } from './decode/decode-component.ts';
import { flattenImports, type KnownImports } from './flatten/flatten-component.ts';

/**
 * Finds the imports of a component that has no plan. Toolchains put imports before anything else, so those behind
 * something that the native engine does not know are few; they are not in what is returned.
 *
 * @throws {malformed_wasm} If what comes before the first thing that the native engine does not know is not valid.
 * @throws {wasm_too_complex} If it passes a limit.
 */
export function findImports(bytes: Uint8Array): KnownImports {
  return flattenImports(decodeKnownPart(bytes), bytes);
}
