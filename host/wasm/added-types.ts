/** Function types that a rewriting needs, put behind the types of the module, each once. */
import type { ByteWriter } from './byte-writer.ts';
import type { ValueType } from './types.ts';

const FUNC = 0x60;

/** Collects types. */
export class AddedTypes {
  readonly #first: number;
  readonly #indices = new Map<string, number>();

  /** @param first Index of the first that is added. */
  constructor(first: number) {
    this.#first = first;
  }

  get count(): number {
    return this.#indices.size;
  }

  /** Index of a function type, which is added if it was not yet. */
  indexOf(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = [FUNC, ...encode(parameters), ...encode(results)].join();
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index = this.#first + this.#indices.size;
    this.#indices.set(key, index);
    return index;
  }

  /** Writes them as elements of a type section. */
  write(writer: ByteWriter): void {
    for (const key of this.#indices.keys()) {
      for (const byte of key.split(',')) writer.u8(Number(byte));
    }
  }
}

/** A vector of types. */
function encode(types: readonly ValueType[]): number[] {
  return [types.length, ...types.flatMap((type) => [...type])];
}
