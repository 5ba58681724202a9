/** What a fuzzer found: counts, and the first failures in words that repeat them. */
export class Failures {
  readonly #kept: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The first of them. */
  get texts(): readonly string[] {
    return this.#kept;
  }

  /** @param text Which case it was, and what went wrong. */
  add(text: string): void {
    this.#count += 1;
    if (this.#kept.length < 20) this.#kept.push(text);
  }
}
