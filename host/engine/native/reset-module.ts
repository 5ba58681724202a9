/**
 * Resets for all instances of a module: the image that they share, and why there is none.
 *
 * What an instance is told by the host while it starts (random bytes, the time, its environment) is in its initial state.
 * Such a state is never shared: an instance may go back to its own only, and only if its author asks for that.
 */
import type { InstanceState } from '../../component/abi/instance-state.ts';
import type { LinkedImport } from '../../component/emit/emit-component.ts';
import type { ModuleContract } from '../../wasm/module-contract.ts';
import { captureImage, type InitialImage } from './initial-image.ts';
import { InstanceKeeper } from './reset-instance.ts';
import { instancePartsOf, type CoreInstance } from './reset-parts.ts';
import { InstanceReset } from './reset.ts';
import { SpareMemories } from './spare-memories.ts';

/** Resets for one module. */
export class ModuleReset {
  readonly contracts: readonly ModuleContract[];
  /** Memories of its instances that are gone. */
  readonly spares: SpareMemories;
  readonly #imports: readonly LinkedImport[];
  #image: InitialImage | undefined;
  #closed = false;
  /** Why no instance of it can be reset, as far as its code tells: a sentence without a full stop. */
  readonly #impossible: string | undefined;

  /**
   * @param contracts Of its core modules, by their numbers.
   * @param imports The host's functions, by the numbers under which emitted code calls them.
   * @param spares Where memories go between two instances.
   */
  constructor(
    contracts: readonly ModuleContract[],
    imports: readonly LinkedImport[],
    spares = new SpareMemories(),
  ) {
    this.contracts = contracts;
    this.spares = spares;
    this.#imports = imports;
    this.#impossible = reasonAgainst(contracts);
  }

  /** Whether the contracts tell who writes where. */
  get isBounded(): boolean {
    return this.#impossible === undefined;
  }

  /** Whether instances will be made no more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Follows an instance that is about to be made. */
  track(state: InstanceState): InstanceKeeper {
    return new InstanceKeeper(this, state);
  }

  /** No instance will be made any more. */
  close(): void {
    this.#closed = true;
    this.#image = undefined;
    this.spares.drop(this);
  }

  /**
   * Prepares an instance for resets.
   *
   * Takes the module's image from the first one; after that it costs what finding the parts of the instance costs.
   *
   * @param sharesSeed Also if it called the host while it started: it then goes back to its own state.
   * @returns What resets it, or why nothing can: a sentence without a full stop.
   */
  open(
    state: InstanceState,
    cores: readonly CoreInstance[],
    sharesSeed: boolean,
  ): InstanceReset | string {
    if (this.#impossible !== undefined) return this.#impossible;
    if (state.called || state.ended) return 'it was called before';
    const seeded = state.hostCall >= 0;
    if (seeded && !sharesSeed) return `it called ${this.#nameOf(state.hostCall)} while it started`;
    if (state.components.some(({ async }) => async?.isEmpty === false)) {
      return 'it holds streams, futures or sets from its start on';
    }
    try {
      const parts = instancePartsOf(cores, this.contracts, state.memories);
      const image = (seeded ? undefined : this.#image) ?? captureImage(parts, state);
      if (typeof image === 'string') return image;
      if (!seeded) this.#image = image;
      const reset = new InstanceReset(parts, state, image);
      // It may have asked for other memory while it started than the one whose image this is.
      return reset.hasInitialSize
        ? reset
        : 'it started with another size than others of its module';
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return `it has state that JavaScript cannot read: ${error.message}`;
    }
  }

  #nameOf(imported: number): string {
    const found = this.#imports[imported];
    return found === undefined ? 'the host' : `${found.interface} ${found.name}`;
  }
}

function reasonAgainst(contracts: readonly ModuleContract[]): string | undefined {
  for (const { reset, tables } of contracts) {
    if (!reset.possible) return `a core module of it ${reset.reason}`;
    if (tables.some(({ name, is64 }) => name !== undefined && is64)) {
      return 'a core module of it changes a table with 64-bit indices';
    }
  }
  return undefined;
}
