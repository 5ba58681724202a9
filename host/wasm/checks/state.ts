/**
 * What is known at a point of a function about the units since the last check, for the worst path that leads
 * there, and how two such points join. -1 stands for "no such path" everywhere.
 */

/** One point. */
export class State {
  /** Whether the point can be reached. */
  live = true;
  /** Units since the function was entered, on paths without a check. */
  entry = 0;
  /** Units since the last check, on paths with one. */
  check = -1;
  /** Units since a return that may have unwound recursion, on paths without a check since. */
  returned = -1;
  /** How many of the loops around, from the outermost, have passed a check since their iteration began. */
  passed = 0;

  /** Adds what runs on every path. */
  add(units: number): void {
    if (this.entry >= 0) this.entry += units;
    if (this.check >= 0) this.check += units;
    if (this.returned >= 0) this.returned += units;
  }

  /** A check was passed. @param loops How many loops are around. */
  reset(loops: number): void {
    this.entry = -1;
    this.check = 0;
    this.returned = -1;
    this.passed = loops;
  }

  /** Sets the state of a function's first instruction. */
  start(): void {
    this.live = true;
    this.entry = 0;
    this.check = -1;
    this.returned = -1;
    this.passed = 0;
  }
}

/** States kept by event: what arrives at its label. */
export class States {
  #live: Uint8Array = new Uint8Array(1024);
  #values: Int32Array = new Int32Array(4096);

  /** Forgets the states of `count` events. */
  clear(count: number): void {
    if (this.#live.length < count) {
      this.#live = new Uint8Array(count * 2);
      this.#values = new Int32Array(count * 8);
    } else {
      this.#live.fill(0, 0, count);
    }
  }

  /** Another path leads to an event. */
  join(event: number, state: State): void {
    if (!state.live) return;
    const at = event * 4;
    const values = this.#values;
    if (this.#live[event] === 0) {
      this.#live[event] = 1;
      values[at] = state.entry;
      values[at + 1] = state.check;
      values[at + 2] = state.returned;
      values[at + 3] = state.passed;
      return;
    }
    values[at] = Math.max(values[at] ?? -1, state.entry);
    values[at + 1] = Math.max(values[at + 1] ?? -1, state.check);
    values[at + 2] = Math.max(values[at + 2] ?? -1, state.returned);
    values[at + 3] = Math.min(values[at + 3] ?? 0, state.passed);
  }

  /** Goes on from an event. */
  load(event: number, state: State): void {
    const at = event * 4;
    state.live = this.#live[event] !== 0;
    state.entry = this.#values[at] ?? -1;
    state.check = this.#values[at + 1] ?? -1;
    state.returned = this.#values[at + 2] ?? -1;
    state.passed = this.#values[at + 3] ?? 0;
  }
}
