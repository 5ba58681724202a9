/**
 * The only way a host function may end an instance.
 *
 * A guest's `catch_all` catches every JavaScript error, `WebAssembly.RuntimeError` included; what it
 * cannot catch is an error raised by a real `unreachable` instruction, also when JavaScript rethrows
 * it or rejects with it. So the host raises its endings with a wasm module of its own.
 */

/** Why an instance was ended by the host. */
export type EndReason =
  | { readonly kind: 'exit'; readonly exitCode: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'cpu_limit' }
  | { readonly kind: 'memory_limit' }
  /** The request's body is larger than its limit. */
  | { readonly kind: 'request_body' }
  /** A trap or a broken rule of the canonical ABI, found under a host function. */
  | { readonly kind: 'trap'; readonly error: unknown }
  | { readonly kind: 'closing' }
  /** Another call of the same instance ended it. */
  | { readonly kind: 'instance_lost' }
  /** The guest broke a rule; `rule` is one sentence for its author. */
  | { readonly kind: 'rule'; readonly rule: string };

/** (module (func (export "raise") unreachable)) */
const RAISE_MODULE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02,
  0x01, 0x00, 0x07, 0x09, 0x01, 0x05, 0x72, 0x61, 0x69, 0x73, 0x65, 0x00, 0x00, 0x0a, 0x05, 0x01,
  0x03, 0x00, 0x00, 0x0b,
]);

const raise = new WebAssembly.Instance(new WebAssembly.Module(RAISE_MODULE)).exports[
  'raise'
] as () => never;
const reasons = new WeakMap<object, EndReason>();

/**
 * Makes an error that no guest can catch. Throw it from a host function or reject a suspended call with it.
 *
 * @param reason Why; read back with `endReasonOf`.
 */
export function createEnding(reason: EndReason): WebAssembly.RuntimeError {
  try {
    return raise();
  } catch (error) {
    const ending = error as WebAssembly.RuntimeError;
    reasons.set(ending, reason);
    return ending;
  }
}

/** The reason an ending was created with, or undefined for any other error. */
export function endReasonOf(error: unknown): EndReason | undefined {
  return typeof error === 'object' && error !== null ? reasons.get(error) : undefined;
}
