/**
 * The operand stack of a function body while it is walked: for each operand, what is known about the
 * address it may be. Flat numbers, because it sees every instruction of a module.
 *
 * Below the floor of a block, and in code that cannot be reached, operands are unknown; that is all that
 * validation's rules about such code come to here.
 */

/** What an operand comes from, where it is not a local (these have their index, from 0 on). */
export const BASE = Object.freeze({
  unknown: -1,
  /** A constant, which is the offset. */
  constant: -2,
  /** A mutable global: the stack pointer, perhaps. */
  global: -3,
  /** A mutable global less a constant: the frame of the function, perhaps. */
  frame: -4,
});

/** Operands and the blocks they are in. */
export class OperandStack {
  /** Of the operand popped last: a local, or one of `BASE`. */
  base: number = BASE.unknown;
  /** Of the operand popped last: what was added to the base. */
  offset = 0;
  /** Of the operand popped last: which assignment of the local it is a copy of. */
  version = 0;
  readonly #bases: number[] = [];
  readonly #offsets: number[] = [];
  readonly #versions: number[] = [];
  #height = 0;
  #floor = 0;
  readonly #floors: number[] = [];
  readonly #parameters: number[] = [];
  readonly #results: number[] = [];

  /** Blocks that are open, the body itself included. */
  get depth(): number {
    return this.#floors.length;
  }

  /** Starts a body. */
  reset(): void {
    this.#height = 0;
    this.#floor = 0;
    for (const list of [this.#floors, this.#parameters, this.#results]) list.length = 0;
    this.open(0, 0);
  }

  push(base: number, offset: number, version: number): void {
    const at = this.#height;
    this.#bases[at] = base;
    this.#offsets[at] = offset;
    this.#versions[at] = version;
    this.#height = at + 1;
  }

  pushUnknown(count: number): void {
    for (let left = count; left > 0; left -= 1) this.push(BASE.unknown, 0, 0);
  }

  /** Takes the topmost operand into `base`, `offset` and `version`. */
  pop(): void {
    if (this.#height === this.#floor) {
      this.base = BASE.unknown;
      return;
    }
    const at = this.#height - 1;
    this.#height = at;
    this.base = this.#bases[at] ?? BASE.unknown;
    this.offset = this.#offsets[at] ?? 0;
    this.version = this.#versions[at] ?? 0;
  }

  drop(count: number): void {
    this.#height = Math.max(this.#height - count, this.#floor);
  }

  /** Enters a block. */
  open(parameters: number, results: number): void {
    this.drop(parameters);
    this.#floors.push(this.#height);
    this.#parameters.push(parameters);
    this.#results.push(results);
    this.#floor = this.#height;
    this.pushUnknown(parameters);
  }

  /** Begins the other part of an `if`. */
  reopen(): void {
    this.#height = this.#floor;
    this.pushUnknown(this.#parameters.at(-1) ?? 0);
  }

  /** Leaves a block at its end. */
  close(): void {
    this.#height = this.#floors.pop() ?? 0;
    this.#floor = this.#floors.at(-1) ?? 0;
    this.#parameters.pop();
    this.pushUnknown(this.#results.pop() ?? 0);
  }

  /** What follows up to the end of the block is never reached, or begins with operands of its own (`catch`). */
  empty(): void {
    this.#height = this.#floor;
  }
}
