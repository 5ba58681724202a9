/**
 * The resources of `wasi:sockets` that no guest ever holds, because making one is denied. They exist
 * so that the interfaces link; were a method reached, it would answer `access-denied`.
 */
import { Pollable } from '../io/pollable.ts';
import type { Guest } from '../ports.ts';
import { deny } from './deny.ts';

/** A resource on which nothing ever happens. */
export class DeniedResource {
  readonly #guest: Guest;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** Always ready: the answer `access-denied` needs no waiting. */
  subscribe(): Pollable {
    return new Pollable(
      this.#guest,
      () => true,
      () => Promise.resolve(),
    );
  }
}

/**
 * Makes a resource class of which the named methods answer `access-denied`.
 *
 * @param methods Method names in camelCase.
 */
export function createDeniedResource(methods: readonly string[]): typeof DeniedResource {
  class Denied extends DeniedResource {}
  for (const method of methods) Object.defineProperty(Denied.prototype, method, { value: deny });
  return Denied;
}
