/**
 * Checks that a component calls the host's functions with the types they have.
 *
 * Names alone decide what is linked; the types come from the component. Without this check, a function that
 * was written for bytes could be handed text, and a guest could read any property of what is returned to it.
 */
import { HostError } from '../base/errors.ts';
import { findNearest } from '../base/nearest.ts';
import { findImports } from '../component/find-imports.ts';
import type { Plan } from '../component/plan.ts';
import { signatureDigest, signatureKey, signatureText } from '../component/signature-text.ts';
import { wasiSignatures } from '../wasi/signatures.ts';
import type { ServedKind } from './served-kind.ts';

/** A function of WASI that has the type of each entry of the line 0.3: what guests export has no digest of its own. */
const ENTRY_TYPES: Readonly<Record<string, (text: string, digest: string) => boolean>> = {
  handle: (_text, digest) => digest === wasiSignatures['wasi:http/client@0.3']?.['send'],
  run: (text) => text === 'async()->result<_,_>',
};

/**
 * Checks that the function which serves has the type that WASI gives it: it is handed resources of the host, and what
 * it gives is taken for one. Entries of the line 0.2 give nothing back.
 *
 * @throws {export_type_mismatch} If it has another one.
 */
export function checkEntry({ exports, lifts, resources }: Plan, { entry }: ServedKind): void {
  const isRight = ENTRY_TYPES[entry.function];
  if (!/@0\.3\.\d+$/.test(entry.interface) || isRight === undefined) return;
  const found = exports.find(
    (one) => one.interface === entry.interface && one.name === entry.function,
  );
  const lift = found === undefined ? undefined : lifts[found.lift];
  const text = lift && signatureText(lift.type, resources);
  const digest = lift && signatureDigest(lift.type, resources);
  if (text !== undefined && digest !== undefined && isRight(text, digest)) return;
  throw new HostError('export_type_mismatch', {
    interface: entry.interface,
    name: entry.function,
  });
}

/**
 * Checks all functions that a component imports which has no plan, because the jco engine must run it. Those that
 * it does not use count as well.
 *
 * @param names Of all its imports.
 * @throws {import_not_checked} If an import comes behind something that only the jco engine knows.
 * @throws {unknown_import} As for `checkSignatures`.
 * @throws {import_type_mismatch} As for `checkSignatures`.
 */
export function checkWithoutPlan(
  component: Uint8Array,
  names: readonly string[],
  reason: string,
): void {
  const known = findImports(component);
  const missing = names.find((name) => !known.names.has(name));
  if (missing !== undefined) {
    throw new HostError('import_not_checked', { name: missing.slice(0, 120), reason });
  }
  checkSignatures(known);
}

/**
 * Checks all functions that a plan imports.
 *
 * @throws {unknown_import} If WASI has no function of that name; names the nearest one there is.
 * @throws {import_type_mismatch} If the function has another type.
 */
export function checkSignatures({ imports, resources }: Pick<Plan, 'imports' | 'resources'>): void {
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
