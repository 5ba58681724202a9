/**
 * What one component instance has besides its core instances: its handle table, and the flags that say
 * what its code may do now.
 *
 * Handles are indices into dense arrays with a free list threaded through them; a table costs three
 * small arrays until it grows, and an operation a few loads.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#runtime-state
 */
import type { AsyncState } from './async/async-state.ts';
import type { InstanceState } from './instance-state.ts';
import { breakRule } from './rule.ts';
import { StandingResource } from './standing-resource.ts';

/** Handles one component instance may hold at a time; real guests hold dozens. */
export const MAX_HANDLES = 65_536;

/** Mark of a free place in `#types`; those in use have the resource's number + 1, negative if borrowed. */
const FREE = 0;

/** The handles of a component instance that was never called. */
export interface HandleImage {
  readonly values: readonly unknown[];
  readonly types: readonly number[];
  readonly firstFree: number;
}

/** State of one component instance. */
export class ComponentState {
  /** False while its code runs on behalf of the host in a place where it must not call out. */
  mayLeave = true;
  /** False while a call of one of its exports is under way. */
  mayEnter = true;
  /** Its tasks and what they wait for, if it uses the asynchronous ABI. */
  async: AsyncState | undefined;
  /** Representation of the handle that `drop` took out last. */
  dropped: unknown = undefined;
  /** Handles it borrowed for the call under way and has not dropped. */
  #borrowed = 0;
  /** Representation of each handle; of a free place the next free one. */
  readonly #values: unknown[] = [0];
  readonly #types: number[] = [FREE];
  /**
   * Handles lent while the parameters of one call are lifted: the first `#lentCount`. No `Map`: V8 clears one by making
   * a new table that the old one points to, and in the old generation such a chain grows for ever.
   */
  readonly #lent: number[] = [];
  #lentCount = 0;
  #firstFree = 0;
  /** The live instance it is part of. */
  readonly instance: InstanceState;

  constructor(instance: InstanceState) {
    this.instance = instance;
    instance.components.push(this);
  }

  /** Whether none of its code is under way, so that what it holds is what it keeps between calls. */
  get isIdle(): boolean {
    if (this.async?.isIdle === false) return false;
    return this.mayEnter && this.mayLeave && this.#borrowed === 0;
  }

  /** Before the guest calls out. */
  leave(): void {
    if (this.instance.nesting === 0) this.instance.calls += 1;
    if (!this.mayLeave)
      breakRule('an import was called from cabi_realloc or a post-return function');
  }

  /** Before the guest calls function `imported` of the host. */
  leaveTo(imported: number): void {
    this.leave();
    this.instance.hostCall = imported;
  }

  /** Before one of its exports is called. */
  enter(): void {
    if (!this.mayEnter) breakRule('an export was called while another call of it was under way');
    this.mayEnter = false;
  }

  /** After the call of an export. */
  exit(): void {
    if (this.#borrowed > 0)
      breakRule('a call returned before it dropped the handles it had borrowed');
    this.mayEnter = true;
  }

  /** A handle that owns: lowers `own`. */
  add(type: number, value: unknown): number {
    return this.#insert(type + 1, value);
  }

  /** A handle for the call under way: lowers `borrow`. */
  addBorrowed(type: number, value: unknown): number {
    this.#borrowed += 1;
    return this.#insert(-type - 1, value);
  }

  /** What a handle stands for, whether owned or borrowed: lifts `borrow`. */
  get(handle: number, type: number): unknown {
    const kind = this.#types[handle];
    if (kind !== type + 1 && kind !== -type - 1) this.#refuse(handle);
    return this.#values[handle];
  }

  /** The same, and until `unlend` the handle may not be given away. */
  lend(handle: number, type: number): unknown {
    const value = this.get(handle, type);
    this.#lent[this.#lentCount++] = handle;
    return value;
  }

  /** All parameters of the call are lifted: what it borrows cannot be dropped before it returns anyway. */
  unlend(): void {
    this.#lentCount = 0;
  }

  /** Takes an owned handle out: lifts `own`. */
  take(handle: number, type: number): unknown {
    if (this.#types[handle] !== type + 1) this.#refuse(handle);
    this.#checkNotLent(handle);
    return this.#remove(handle);
  }

  /**
   * Drops a handle.
   *
   * @returns Whether it owned what is now in `dropped`.
   */
  drop(handle: number, type: number): boolean {
    const kind = this.#types[handle];
    if (kind !== type + 1 && kind !== -type - 1) this.#refuse(handle);
    this.#checkNotLent(handle);
    this.dropped = this.#remove(handle);
    if (kind === type + 1) return true;
    this.#borrowed -= 1;
    return false;
  }

  /** A copy of the handle table: which handles there are, and which come next. */
  capture(): HandleImage {
    return { values: [...this.#values], types: [...this.#types], firstFree: this.#firstFree };
  }

  /**
   * Puts the handle table back; what its handles stood for is let go without being disposed.
   *
   * @param guest Standing resources are made for it.
   */
  restore({ values, types, firstFree }: HandleImage, guest: object): void {
    // Popping keeps the arrays and their capacity; setting `length` would give both up.
    while (this.#types.length > types.length) {
      this.#types.pop();
      this.#values.pop();
    }
    for (let handle = 0; handle < types.length; handle += 1) {
      this.#types[handle] = types[handle] ?? FREE;
      const value = values[handle];
      this.#values[handle] = value instanceof StandingResource ? value.make(guest) : value;
    }
    this.#firstFree = firstFree;
    this.dropped = undefined;
    this.unlend();
  }

  #insert(kind: number, value: unknown): number {
    const free = this.#firstFree;
    if (free > 0) {
      this.#firstFree = this.#values[free] as number;
      this.#values[free] = value;
      this.#types[free] = kind;
      return free;
    }
    const handle = this.#types.length;
    if (handle > MAX_HANDLES) breakRule(`it holds more than ${MAX_HANDLES} handles`);
    this.#values.push(value);
    this.#types.push(kind);
    return handle;
  }

  #remove(handle: number): unknown {
    const value = this.#values[handle];
    this.#values[handle] = this.#firstFree;
    this.#types[handle] = FREE;
    this.#firstFree = handle;
    return value;
  }

  #checkNotLent(handle: number): void {
    for (let index = 0; index < this.#lentCount; index += 1) {
      if (this.#lent[index] === handle)
        breakRule(`handle ${handle} was given away while it is borrowed`);
    }
  }

  #refuse(handle: number): never {
    return breakRule(`handle ${handle >>> 0} is not one of the type that is expected here`);
  }
}
