/**
 * Checks that a component calls the host's functions with the types they have.
 *
 * Names alone decide what is linked; the types come from the component. Without this check, a function that
 * was written for bytes could be handed text, and a guest could read any property of what is returned to it.
 */
import { HostError } from '../base/errors.ts';
import type { Plan } from '../component/plan.ts';
import { signatureDigest } from '../component/signature-text.ts';
import { wasiSignatures } from '../wasi/signatures.ts';

/** @throws {import_type_mismatch} If a function has another type, or WASI has none of that name. */
export function checkSignatures({ imports, resources }: Plan): void {
  for (const { interface: from, name, type } of imports) {
    const functions = wasiSignatures[from.replace(/@.*$/, '')] ?? {};
    const expected = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (expected === undefined || signatureDigest(type, resources) !== expected) {
      throw new HostError('import_type_mismatch', {
        interface: from.slice(0, 120),
        name: name.slice(0, 120),
      });
    }
  }
}
