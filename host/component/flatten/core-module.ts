/** A core module of the component, looked into when something asks: most modules of a composition are used once. */
import { readCoreInterface, type CoreInterface } from './core-interface.ts';
import { readFixup, type Fixup } from './fixup.ts';
import { readShim, type Shim } from './shim.ts';

/** A core module. */
export class CoreModule {
  /** Where it starts in the component. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  #interface: CoreInterface | undefined;
  #shim: { readonly value: Shim | undefined } | undefined;
  #fixup: { readonly value: Fixup | undefined } | undefined;

  /** @param component The whole component. */
  constructor(component: Uint8Array, offset: number, bytes: number) {
    this.offset = offset;
    this.bytes = component.subarray(offset, offset + bytes);
  }

  /** What it imports and exports. */
  get interface(): CoreInterface {
    this.#interface ??= readCoreInterface(this.bytes, this.offset);
    return this.#interface;
  }

  /** What it is as a shim of wit-component; undefined if it is none. */
  get shim(): Shim | undefined {
    this.#shim ??= { value: readShim(this) };
    return this.#shim.value;
  }

  /** What it is as a fixup of wit-component; undefined if it is none. */
  get fixup(): Fixup | undefined {
    this.#fixup ??= { value: readFixup(this) };
    return this.#fixup.value;
  }
}
