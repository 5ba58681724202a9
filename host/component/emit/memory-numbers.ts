/**
 * Numbers the `GuestMemory` objects that an instance needs: one for each memory and allocator of each
 * component instance. Options without an allocator share one with those that have it.
 * An allocator is an export of a core instance; one that the host makes would not allocate anything.
 */
import type { CanonOptions, CoreRef } from '../plan.ts';

/** One `GuestMemory`: `c` and its number in emitted code. */
export interface NumberedMemory {
  readonly component: number;
  memory: CoreRef | undefined;
  realloc: CoreRef | undefined;
}

/** Those of one component. */
export class MemoryNumbers {
  readonly all: NumberedMemory[] = [];

  /** Number of the memory that a lifted or lowered function uses. */
  numberOf(component: number, { memory, realloc }: CanonOptions): number {
    const found = this.all.findIndex(
      (one) =>
        one.component === component && fits(one.memory, memory) && fits(one.realloc, realloc),
    );
    const known = this.all[found];
    if (known === undefined) return this.all.push({ component, memory, realloc }) - 1;
    known.memory ??= memory;
    known.realloc ??= realloc;
    return found;
  }
}

/** Whether one object can do for both: they are the same, or one of them needs none. */
function fits(left: CoreRef | undefined, right: CoreRef | undefined): boolean {
  if (left === undefined || right === undefined) return true;
  return JSON.stringify(left) === JSON.stringify(right);
}
