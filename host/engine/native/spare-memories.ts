/**
 * Memories of instances that are gone, zeroed, for the next instances of the same module.
 *
 * V8 counts every memory as external garbage and collects everything after some dozens of them: making 17 pages
 * takes microseconds, but one instance in a hundred then waits for tens of milliseconds. A memory that is used again costs zeroing
 * what was written. Few are kept, for all modules together: each takes address space and two mappings.
 */

/** Most memories that wait to be used again. */
const MAX_SPARES = 64;

/** Most bytes of them together. */
const MAX_SPARE_BYTES = 128 * 1024 * 1024;

/** Most of one module: more instances than these seldom end before the next begin. */
const MAX_SPARES_OF_ONE = 8;

/** A memory of this form; the bounds are in pages. */
export interface MemoryForm {
  /** Which of an instance's memories it is, in the order in which they are made: what stays in it is that one's data. */
  readonly place: number;
  readonly initial: number;
  readonly maximum: number;
}

interface Spare extends MemoryForm {
  readonly owner: object;
  readonly memory: WebAssembly.Memory;
  readonly bytes: number;
}

/** Keeps them; one for an engine. */
export class SpareMemories {
  /** Oldest first. */
  #spares: Spare[] = [];
  #bytes = 0;

  /** Memories it keeps. */
  get count(): number {
    return this.#spares.length;
  }

  /** Takes one that holds what `put` says; undefined if none of that form is there. */
  take(owner: object, { place, initial, maximum }: MemoryForm): WebAssembly.Memory | undefined {
    const index = this.#spares.findLastIndex(
      (one) =>
        one.owner === owner &&
        one.place === place &&
        one.initial === initial &&
        one.maximum === maximum,
    );
    const [found] = index < 0 ? [] : this.#spares.splice(index, 1);
    if (found === undefined) return undefined;
    this.#bytes -= found.bytes;
    return found.memory;
  }

  /** Whether one more of that owner would be kept. */
  wants(owner: object, bytes: number): boolean {
    if (bytes > MAX_SPARE_BYTES) return false;
    let own = 0;
    for (const spare of this.#spares) if (spare.owner === owner) own += 1;
    return own < MAX_SPARES_OF_ONE;
  }

  /** Keeps one. It holds zeros, but for what the owner's next instance writes to it at its start in any case. */
  put(owner: object, memory: WebAssembly.Memory, form: MemoryForm): void {
    const bytes = memory.buffer.byteLength;
    this.#spares.push({ ...form, owner, memory, bytes });
    this.#bytes += bytes;
    while (this.#spares.length > MAX_SPARES || this.#bytes > MAX_SPARE_BYTES) {
      this.#bytes -= this.#spares.shift()?.bytes ?? 0;
    }
  }

  /** Lets go of all that an owner gave. */
  drop(owner: object): void {
    this.#spares = this.#spares.filter((spare) => spare.owner !== owner);
    this.#bytes = this.#spares.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
