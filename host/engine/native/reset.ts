/**
 * Puts an instance back into the state it had before its first call.
 *
 * Memory is rewritten from the lowest address that anybody wrote to since then; everything else a guest can see is
 * small: globals, handles, and tables where code may change them. An instance that grew, ended or is
 * under way is not reset: it is to be thrown away.
 */
import type { InstanceState } from '../../component/abi/instance-state.ts';
import type { InitialImage } from './initial-image.ts';
import type { MemoryImage } from './initial-image-memory.ts';
import { lowestWriteOf, setMarks, type InstanceParts, type MemoryPart } from './reset-parts.ts';

/**
 * So many times an instance is reset so that memory it never used stays unused: thousands that seldom serve are there
 * for what they need. One that serves again and again is reset as fast as can be.
 */
const SPARING_RESETS = 64;

/** Resets one instance, again and again. */
export class InstanceReset {
  readonly #state: InstanceState;
  readonly #image: InitialImage;
  readonly #memories: readonly MemoryReset[];
  readonly #globals: readonly WebAssembly.Global[];
  readonly #values: readonly unknown[];
  readonly #tables: readonly TableReset[];

  /** @param parts Of an instance that was never called. */
  constructor(parts: InstanceParts, state: InstanceState, image: InitialImage) {
    this.#state = state;
    this.#image = image;
    this.#memories = parts.memories.map((part, index) => {
      const memoryImage = image.memories[index];
      if (memoryImage === undefined) throw new Error('An image has other memories than its module');
      return new MemoryReset(part, memoryImage);
    });
    this.#globals = parts.globals;
    this.#values = image.globals ?? parts.globals.map(({ value }): unknown => value);
    this.#tables = parts.tables.map((table) => new TableReset(table));
  }

  /** Whether it has the sizes of the image, so that it can be put back to it. */
  get hasInitialSize(): boolean {
    return (
      this.#memories.every((memory) => memory.hasInitialSize()) &&
      this.#tables.every((table, index) => table.length === this.#image.tableEntries[index])
    );
  }

  /**
   * Resets.
   *
   * Costs about 1 µs, and what it takes to write the memory that was written to.
   *
   * @param guest What imports act for from now on.
   * @param full Whether memory is rewritten as a whole, whatever is known of it: for comparisons.
   * @returns False if it cannot; nothing was changed then.
   */
  run(guest: object, full: boolean): boolean {
    const state = this.#state;
    if (state.ended || !this.hasInitialSize) return false;
    for (const component of state.components) if (!component.isIdle) return false;
    for (const memory of this.#memories) memory.run(full);
    const globals = this.#globals;
    for (let index = 0; index < globals.length; index += 1) {
      const global = globals[index];
      if (global !== undefined) global.value = this.#values[index];
    }
    for (const table of this.#tables) table.run();
    const { handles } = this.#image;
    for (let index = 0; index < handles.length; index += 1) {
      const image = handles[index];
      if (image !== undefined) state.components[index]?.restore(image, guest);
    }
    state.renew(guest);
    return true;
  }
}

/** Resets one memory. */
class MemoryReset {
  readonly #part: MemoryPart;
  readonly #image: MemoryImage;
  #bytes: Uint8Array;
  #resets = 0;

  constructor(part: MemoryPart, image: MemoryImage) {
    this.#part = part;
    this.#image = image;
    this.#bytes = new Uint8Array(part.memory.buffer);
  }

  hasInitialSize(): boolean {
    const { byteLength } = this.#image;
    if (this.#bytes.length === byteLength) return true;
    // Growing by nothing detaches the buffer as well.
    this.#bytes = new Uint8Array(this.#part.memory.buffer);
    return this.#bytes.length === byteLength;
  }

  run(full: boolean): void {
    const from = full ? 0 : lowestWriteOf(this.#part);
    setMarks(this.#part);
    const sparing = !full && this.#resets < SPARING_RESETS;
    if (sparing) this.#resets += 1;
    this.#image.restore(this.#bytes, from, sparing);
  }
}

/** Resets one table, entry by entry: only tables that code may change get here. */
class TableReset {
  readonly #table: WebAssembly.Table;
  readonly #entries: readonly unknown[];

  constructor(table: WebAssembly.Table) {
    this.#table = table;
    this.#entries = Array.from({ length: table.length }, (_, index) => table.get(index));
  }

  get length(): number {
    return this.#table.length;
  }

  run(): void {
    const table = this.#table;
    const entries = this.#entries;
    // Reading an entry costs a third of writing it.
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      if (table.get(index) !== entry) table.set(index, entry);
    }
  }
}
