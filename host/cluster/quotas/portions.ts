/**
 * Which part each worker has of what is wanted once for the host: the instances of `--min-instances` are divided into as
 * many portions as there should be workers. So nothing moves while one of them is replaced, and one more than there
 * should be has none.
 */

/** Who has which portion. */
export class Portions {
  readonly count: number;
  readonly #free: number[];
  readonly #taken = new Map<string, number>();
  /** Workers without one, in the order they came. */
  readonly #standing = new Set<string>();

  /** @param count How many workers there should be, at least 1. */
  constructor(count: number) {
    this.count = count;
    this.#free = Array.from({ length: count }, (_, portion) => portion);
  }

  /** A worker is there: it has the lowest one that is free, or the next one that becomes so. */
  take(worker: string): void {
    if (this.#taken.has(worker)) return;
    const portion = this.#free.shift();
    if (portion === undefined) this.#standing.add(worker);
    else this.#taken.set(worker, portion);
  }

  /** It is gone, or about to go. */
  leave(worker: string): void {
    this.#standing.delete(worker);
    const portion = this.#taken.get(worker);
    if (portion === undefined) return;
    this.#taken.delete(worker);
    const [next] = this.#standing;
    if (next === undefined) {
      this.#free.push(portion);
      this.#free.sort((a, b) => a - b);
      return;
    }
    this.#standing.delete(next);
    this.#taken.set(next, portion);
  }

  /** From 0; undefined if it has none. */
  of(worker: string): number | undefined {
    return this.#taken.get(worker);
  }
}
