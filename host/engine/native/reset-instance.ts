/**
 * What one instance's life needs to start over: the memories it is made with, its reset, and what of it the next
 * instance can use when it is gone.
 */
import type { InstanceState } from '../../component/abi/instance-state.ts';
import { PAGE_BYTES } from '../../limits/memory-account.ts';
import { zeroSparingly } from './initial-image-memory.ts';
import type { ModuleReset } from './reset-module.ts';
import { instancePartsOf, lowestWriteOf, type CoreInstance } from './reset-parts.ts';
import type { InstanceReset } from './reset.ts';
import type { MemoryForm } from './spare-memories.ts';

/** Most bytes that are zeroed when an instance is gone: nobody is charged for that time, half a millisecond. */
const MAX_ZEROED_BYTES = 4 * 1024 * 1024;

/** A memory that was made for the instance. */
interface MadeMemory {
  readonly memory: WebAssembly.Memory;
  readonly form: MemoryForm;
}

/** Follows one instance from its first memory on. */
export class InstanceKeeper {
  readonly #module: ModuleReset;
  readonly #state: InstanceState;
  readonly #cores: CoreInstance[] = [];
  readonly #memories: MadeMemory[] = [];
  #reset: InstanceReset | undefined;
  /** Whether marks tell what was written since a reset, not since it was made. */
  #wasReset = false;
  #closed = false;
  /** Bytes of its memories that were kept for the next instance. */
  #keptBytes = 0;

  constructor(module: ModuleReset, state: InstanceState) {
    this.#module = module;
    this.#state = state;
  }

  /** See `Instance.keptBytes`. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Gives a 32-bit memory that is all zero, or that the core modules make so: a new one, or that of an instance that is gone. */
  createMemory(bounds: Omit<MemoryForm, 'place'>): WebAssembly.Memory {
    const { spares } = this.#module;
    const form = { ...bounds, place: this.#memories.length };
    const memory = spares.take(this.#module, form) ?? new WebAssembly.Memory({ ...bounds });
    this.#memories.push({ memory, form });
    return memory;
  }

  /** A core instance was made. */
  add(core: CoreInstance): void {
    this.#cores.push(core);
  }

  /** See `Instance.captureInitial`. */
  capture(sharesSeed: boolean): string | undefined {
    const opened = this.#module.open(this.#state, this.#cores, sharesSeed);
    if (typeof opened === 'string') return opened;
    this.#reset = opened;
    return undefined;
  }

  /** See `Instance.reset`. */
  run(guest: object, full: boolean): boolean {
    if (this.#closed || this.#reset?.run(guest, full) !== true) return false;
    this.#wasReset = true;
    return true;
  }

  /** Nothing runs in it from now on; its memories are kept for the next instance if nobody can reach them. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const state = this.#state;
    const isIdle = !state.ended && state.components.every((component) => component.isIdle);
    // Neither exports nor resources in the hands of the host run any code of it after that.
    state.close();
    if (isIdle) {
      state.rest();
      if (!this.#module.isClosed) this.#recycle();
    }
    this.#reset = undefined;
    this.#cores.length = 0;
    this.#memories.length = 0;
  }

  #recycle(): void {
    const { spares, contracts, isBounded } = this.#module;
    const worth = this.#memories.filter(
      ({ memory, form }) =>
        memory.buffer.byteLength === form.initial * PAGE_BYTES &&
        spares.wants(this.#module, memory.buffer.byteLength),
    );
    if (worth.length === 0) return;
    const parts =
      isBounded && !this.#wasReset
        ? instancePartsOf(this.#cores, contracts, this.#state.memories).memories
        : [];
    for (const { memory, form } of worth) {
      const part = parts.find((one) => one.memory === memory);
      // Data below the lowest write stays: it is what the module writes there at its start. Of several
      // modules each would find what the others write, so then all of it is zeroed.
      const from = part !== undefined && part.writers.length === 1 ? lowestWriteOf(part) : 0;
      const bytes = new Uint8Array(memory.buffer);
      if (bytes.length - from > MAX_ZEROED_BYTES) continue;
      // One that was reset is seldom given up, and all of its memory is zeroed then: what it never used stays unused.
      if (this.#wasReset) zeroSparingly(bytes, from, bytes.length);
      else if (from < bytes.length) bytes.fill(0, from);
      spares.put(this.#module, memory, form);
      this.#keptBytes += bytes.length;
    }
  }
}
