/** What callers must know about each function once its checks are placed. Flat arrays: a module has up to a million functions. */
import { ENTRY_UNITS } from './cost-model.ts';

/** What a call of a function costs and does; -1 stands for "no such path". */
export interface Summary {
  /** Most units from the entry to the first check, or to where the function is left. */
  readonly head: number;
  /** Most units from the entry to a return without a check. */
  readonly through: number;
  /** Most units from the last check to a return. */
  readonly tail: number;
  /** Whether it may return from recursion with frames behind it that passed no check. */
  readonly unresolved: boolean;
}

/** What holds for every function, so also for those not yet looked at, and for outside. */
export const ANY_FUNCTION: Summary = Object.freeze({
  head: ENTRY_UNITS,
  through: ENTRY_UNITS,
  tail: 0,
  unresolved: true,
});

/** Summaries by function. */
export class Summaries {
  readonly #values: Int32Array;
  readonly #known: Uint8Array;
  /** Number of the strongly connected component of each function. */
  readonly #component: Int32Array;

  constructor(component: Int32Array) {
    this.#component = component;
    this.#values = new Int32Array(component.length * 3);
    this.#known = new Uint8Array(component.length);
  }

  /** Whether the function comes before the one in hand, so that calling it closes no cycle. */
  isKnown(index: number): boolean {
    return this.#known[index] !== 0;
  }

  head(index: number): number {
    return this.#values[index * 3] ?? 0;
  }

  through(index: number): number {
    return this.#values[index * 3 + 1] ?? 0;
  }

  tail(index: number): number {
    return this.#values[index * 3 + 2] ?? 0;
  }

  /** Whether `callee` may return unresolved into a function that it can reach itself. */
  returnsUnresolved(callee: number, caller: number): boolean {
    return this.#known[callee] === 2 && this.#component[callee] === this.#component[caller];
  }

  set(index: number, { head, through, tail, unresolved }: Summary): void {
    this.#values[index * 3] = head;
    this.#values[index * 3 + 1] = through;
    this.#values[index * 3 + 2] = tail;
    this.#known[index] = unresolved ? 2 : 1;
  }
}
