/**
 * Checks that a component calls the host's functions with the types they have.
 *
 * Names alone decide what is linked; the types come from the component. Without this check, a function that
 * was written for bytes could be handed text, and a guest could read any property of what is returned to it.
 */
import { HostError } from '../base/errors.ts';
import { findNearest } from '../base/nearest.ts';
import type { Plan } from '../component/plan.ts';
import { signatureDigest, signatureKey } from '../component/signature-text.ts';
import { wasiSignatures } from '../wasi/signatures.ts';

/**
 * Checks all functions that a plan imports.
 *
 * @throws {unknown_import} If WASI has no function of that name; names the nearest one there is.
 * @throws {import_type_mismatch} If the function has another type.
 */
export function checkSignatures({ imports, resources }: Plan): void {
  for (const { interface: from, name, type } of imports) {
    const functions = wasiSignatures[signatureKey(from)] ?? {};
    const shown = { interface: from.slice(0, 120), name: name.slice(0, 120) };
    if (!Object.hasOwn(functions, name)) {
      throw new HostError('unknown_import', {
        name: `${shown.interface}#${shown.name}`,
        nearest: findNearest(name, Object.keys(functions)) ?? 'none is near',
      });
    }
    if (signatureDigest(type, resources) !== functions[name]) {
      throw new HostError('import_type_mismatch', shown);
    }
  }
}
