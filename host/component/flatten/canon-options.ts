/** Options of canonical functions → what they name, and the checks that all of them share. */
import type { CanonicalOptions } from '../decode/decoded-component.ts';
import { unsupported } from '../decode/unsupported.ts';
import type { CanonOptions } from '../plan.ts';
import { describeSignature, sameSignature, type CoreSignature } from './core-interface.ts';
import type { Environment } from './environment.ts';
import type { CoreItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';

const REALLOC: CoreSignature = { parameters: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };
const CALLBACK: CoreSignature = { parameters: ['i32', 'i32', 'i32'], results: ['i32'] };

/**
 * Finds what options name.
 *
 * @param lifted Signature of the lifted function, whose results its post-return takes.
 * @throws {malformed_wasm} If a function among them has another signature than it must.
 * @throws {unsupported_by_native} If its memory has 64-bit addresses.
 */
export function resolveOptions(
  environment: Environment,
  { encoding, memory, realloc, postReturn, isAsync, callback }: CanonicalOptions,
  lifted: CoreSignature | undefined,
  at: number,
): CanonOptions {
  const memoryItem = memory === undefined ? undefined : environment.get('core-memory', memory);
  if (memoryItem?.is64 === true) throw unsupported('a memory with 64-bit addresses');
  const reallocItem = realloc === undefined ? undefined : environment.get('core-func', realloc);
  if (reallocItem !== undefined) checkSignature(reallocItem, REALLOC, 'realloc', at);
  const after = postReturn === undefined ? undefined : environment.get('core-func', postReturn);
  if (after !== undefined) {
    const wanted = { parameters: lifted?.results ?? [], results: [] };
    checkSignature(after, wanted, 'post-return', at);
  }
  const called = callback === undefined ? undefined : environment.get('core-func', callback);
  if (called !== undefined) checkSignature(called, CALLBACK, 'the callback', at);
  return {
    ...(isAsync ? { isAsync } : {}),
    ...(called === undefined ? {} : { callback: called.ref }),
    encoding,
    memory: memoryItem?.ref,
    realloc: reallocItem?.ref,
    postReturn: after?.ref,
  };
}

/** Checks that memory and allocator are there where a type needs them. */
export function checkGiven(
  options: CanonOptions,
  needed: { readonly memory: boolean; readonly realloc: boolean },
  at: number,
): void {
  if (needed.memory && options.memory === undefined) {
    throw malformedAt('the option memory, which the type needs', at);
  }
  if (needed.realloc && options.realloc === undefined) {
    throw malformedAt('the option realloc, which the type needs', at);
  }
}

/** Checks the signature of a core function. @throws {malformed_wasm} If it is another one. */
export function checkSignature(
  { signature }: CoreItem,
  wanted: CoreSignature,
  what: string,
  at: number,
): void {
  if (signature !== undefined && sameSignature(signature, wanted)) return;
  const found = signature === undefined ? 'none' : describeSignature(signature);
  throw malformedAt(`${what} to be ${describeSignature(wanted)}, not ${found},`, at);
}
