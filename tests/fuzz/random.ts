/** Random numbers that a seed repeats exactly: xorshift, 32 bits. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // The generator stays at 0 for ever; neighbouring seeds must not give neighbouring numbers.
    this.#state = Math.imul(seed | 0, 0x9e37_79b1) | 1;
    for (let index = 0; index < 8; index += 1) this.below(2);
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}
