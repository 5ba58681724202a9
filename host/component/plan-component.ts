/**
 * Component bytes → plan, in one call: what deploy needs. Decoding and flattening are apart because each
 * is tested, and can be read, without the other.
 */
import { decodeComponent } from './decode/decode-component.ts';
import { unsupportedReason } from './decode/unsupported.ts';
import { flattenComponent, type Flattened } from './flatten/flatten-component.ts';
import type { DecodedComponent } from './decode/decoded-component.ts';
import type { DecodeLimits } from './decode/scope.ts';

/**
 * Plans a component.
 *
 * @param bytes The component.
 * @param limits Limits of decoding, see `decodeComponent`.
 * @returns The plan, or why the jco engine must run the component.
 * @throws {malformed_wasm} If it is not valid; says where.
 * @throws {wasm_too_complex} If it, or what it would instantiate, passes a limit.
 */
export function planComponent(bytes: Uint8Array, limits: Partial<DecodeLimits> = {}): Flattened {
  let decoded: DecodedComponent;
  try {
    decoded = decodeComponent(bytes, limits);
  } catch (error) {
    const reason = unsupportedReason(error);
    if (reason === undefined) throw error;
    return { unsupported: reason };
  }
  return flattenComponent(decoded, bytes);
}
