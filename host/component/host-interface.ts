/**
 * The one written shape of an interface that guests may import. Both engines read it, so each WASI
 * interface is written once.
 *
 * Values follow the JavaScript mapping of WIT types: u64/s64 are `bigint`, other numbers `number`,
 * `list<u8>` is `Uint8Array`, records are objects with camelCase keys, enums are strings in kebab-case,
 * variants are `{ tag, val }`, options are `undefined` or the value, flags are objects of booleans.
 * A function whose WIT result is `result<T, E>` returns `T` and throws `new WitError(e)`; as a
 * parameter a result is `{ tag: 'ok' | 'err', val }`.
 */

/** A class that implements a WIT resource; methods are camelCase of their WIT names, `[Symbol.dispose]` is its drop. */
// oxlint-disable-next-line typescript/no-explicit-any -- constructors of unrelated resources share no parameter type
export type ResourceClass = abstract new (...parameters: any[]) => object;

/** A free function of an interface; the first parameter is the guest on whose behalf it is called. */
// oxlint-disable-next-line typescript/no-explicit-any -- each function has its own WIT parameters, checked where it is written
export type HostFunction = (guest: any, ...parameters: any[]) => unknown;

/** One interface of one package as the host offers it, for a range of releases. */
export interface HostInterface {
  /** Package and interface, without version: `wasi:io/streams`. */
  readonly name: string;
  /** First and last release offered, both included; a component may ask for any between (semver: same 0.2 line). */
  readonly versions: { readonly from: string; readonly to: string };
  /** Whether it also serves a component that names no version, as packages do before their first release. */
  readonly servesUnversioned?: true;
  /** Free functions by WIT name (`get-environment`). */
  readonly functions: Readonly<Record<string, HostFunction>>;
  /** Resource classes by WIT name (`input-stream`). */
  readonly resources: Readonly<Record<string, ResourceClass>>;
  /**
   * WIT names of the resources whose constructor and static functions guests call: these take the guest
   * as their first parameter, as free functions do (`bind-resource.ts`). Absent: none.
   */
  readonly constructible?: readonly string[];
  /** WIT names of the functions that may return a promise: `poll`, `[method]pollable.block`. */
  readonly blocking: readonly string[];
  /**
   * WIT names of the functions that are written a second time, on linear memory, for the native engine: hot ones, for which
   * a copy of each list is too much. Such a method's name ends in `OnMemory`; free functions stand in
   * `functionsOnMemory`. They take the guest's memory (`abi/guest-memory.ts`) first, and for each string (UTF-8) or
   * `list<u8>` a pointer and a length that nobody has checked, for each list of borrows the number of the resource as well;
   * result and errors are those of the other one. Absent: none.
   */
  readonly onMemory?: readonly string[];
  /** The free functions of `onMemory` by WIT name; the guest comes before its memory. */
  readonly functionsOnMemory?: Readonly<Record<string, HostFunction>>;
}

/** An error value of a WIT `result`: the guest sees `payload`. */
export class WitError<E> extends Error {
  override readonly name = 'WitError';
  readonly payload: E;

  constructor(payload: E) {
    super(typeof payload === 'string' ? payload : 'error value for the guest');
    this.payload = payload;
  }
}
