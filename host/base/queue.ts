/**
 * Who waits, first come first, and may leave from anywhere. No `Set`: V8 gives that a new table after every few
 * removals and chains the old ones to it, and once one is in the old generation the chain keeps alive all that any table
 * held: every request that ever waited, until everything is collected.
 */

/** So many left places are moved away when they are more than those who wait. */
const WORTH = 64;

/** A queue. */
export class Queue<T extends object> implements Iterable<T> {
  #items: (T | undefined)[] = [];
  /** Index of the first. */
  #start = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Who came first of those who wait; undefined if nobody does. */
  get first(): T | undefined {
    return this.#items[this.#start];
  }

  /** Comes last. */
  add(item: T): void {
    this.#items.push(item);
    this.#size += 1;
  }

  /** Leaves: at once if it is the first, else after a look at all of them. @returns Whether it waited. */
  delete(item: T): boolean {
    const index = this.first === item ? this.#start : this.#items.indexOf(item, this.#start);
    if (index === -1) return false;
    this.#items[index] = undefined;
    this.#size -= 1;
    this.#tidy();
    return true;
  }

  clear(): void {
    this.#items.length = 0;
    this.#start = 0;
    this.#size = 0;
  }

  /** Those who wait at this moment, first come first. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#waiting().values();
  }

  #waiting(): T[] {
    return this.#items.filter((item) => item !== undefined);
  }

  #tidy(): void {
    if (this.#size === 0) return this.clear();
    while (this.#items[this.#start] === undefined) this.#start += 1;
    const left = this.#items.length - this.#size;
    if (left < WORTH || left < this.#size) return undefined;
    this.#items = this.#waiting();
    this.#start = 0;
    return undefined;
  }
}
