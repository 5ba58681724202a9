/**
 * A seed → a random valid core module: functions that call each other, directly, through a table and as tail
 * calls, with nested blocks, loops, ifs and `br_table`, blocks with parameters, legacy exceptions or
 * `try_table`, loads, stores and bulk operations.
 *
 * Global 0, exported as `work`, is counted down by every function and every iteration, which trap when it is
 * used up: so all programs end, and how much work passes between two checks can be seen.
 */
import { ByteWriter } from '../../../host/wasm/byte-writer.ts';

/** Functions in a module. */
const FUNCTIONS = 5;
/** Locals of every function: two parameters, then i32, i64 and f64 ones. */
const LOCALS = { i32: 6, i64: 6, f64: 7, count: 8 };
const VOID = 0x40;
const I32 = 0x7f;
/** Types: (i32 i32) → i32, () → (), (i32) → (i32), (i32 i32) → (i32 i32). */
const TYPE = { function: 0, empty: 1, pass: 2, pair: 3 };

/** A label: values that a branch to it takes, and whether the branch goes back. */
interface Label {
  readonly values: number;
  readonly isLoop: boolean;
}

/** Makes modules. */
export class ProgramMaker {
  #seed: number;
  readonly #legacy: boolean;
  #code: number[] = [];
  #labels: Label[] = [];
  #left = 0;

  /** @param seed 1 to 2^31 - 1. */
  constructor(seed: number) {
    this.#seed = seed;
    this.#legacy = seed % 2 === 0;
  }

  /** The module. */
  make(): Uint8Array {
    const bodies = Array.from({ length: FUNCTIONS }, () => this.#body());
    const indices = Array.from({ length: FUNCTIONS }, (_, index) => index);
    return new Uint8Array([
      0x00,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      ...section(1, [
        4,
        0x60,
        2,
        I32,
        I32,
        1,
        I32,
        0x60,
        0,
        0,
        0x60,
        1,
        I32,
        1,
        I32,
        0x60,
        2,
        I32,
        I32,
        2,
        I32,
        I32,
      ]),
      ...section(3, [FUNCTIONS, ...indices.map(() => TYPE.function)]),
      ...section(4, [1, 0x70, 0, FUNCTIONS]),
      ...section(5, [1, 0, 1]),
      ...section(13, [1, 0, TYPE.empty]),
      ...section(6, [1, I32, 1, 0x41, ...signed(0), 0x0b]),
      ...section(7, [
        3,
        4,
        ...text('work'),
        3,
        0,
        6,
        ...text('memory'),
        2,
        0,
        3,
        ...text('run'),
        0,
        0,
      ]),
      ...section(9, [1, 0, 0x41, 0, 0x0b, FUNCTIONS, ...indices]),
      ...section(10, [FUNCTIONS, ...bodies.flatMap((body) => leb(body.length).concat(body))]),
    ]);
  }

  #body(): number[] {
    this.#code = [3, 4, I32, 1, 0x7e, 1, 0x7c];
    this.#labels = [{ values: 1, isLoop: false }];
    this.#left = 12 + this.#below(50);
    this.#work();
    this.#statements(0);
    this.#value();
    this.#emit(0x0b);
    return this.#code;
  }

  #statements(depth: number): void {
    for (let left = 1 + this.#below(4); left > 0 && this.#left > 0; left -= 1) {
      this.#left -= 1;
      this.#statement(depth);
    }
  }

  #statement(depth: number): void {
    const choice = this.#below(depth > 6 ? 9 : 22);
    if (choice < 3) this.#set();
    else if (choice === 3) this.#store();
    else if (choice === 4) this.#call();
    else if (choice === 5) this.#branch();
    else if (choice === 6)
      this.#emit(0x41, 0, 0x41, 7, 0x41, ...signed(this.#below(99)), 0xfc, 11, 0);
    else if (choice === 7) this.#numbers();
    else if (choice === 8) this.#table();
    else if (choice < 12) this.#block(depth);
    else if (choice < 15) this.#if(depth);
    else if (choice < 20) this.#loop(depth);
    else this.#try(depth);
  }

  #set(): void {
    this.#value();
    this.#emit(0x21, this.#local());
  }

  #numbers(): void {
    this.#emit(0x20, LOCALS.i64, 0x42, 3, 0x7c, 0x21, LOCALS.i64);
    this.#emit(0x20, LOCALS.f64, 0x20, LOCALS.i64, 0xb9, 0xa0, 0x21, LOCALS.f64);
  }

  #store(): void {
    this.#value();
    this.#emit(0x41, ...signed(0xfffc), 0x71);
    this.#value();
    this.#emit(0x36, 2, 0);
  }

  #call(): void {
    this.#value();
    this.#value();
    const callee = this.#below(FUNCTIONS);
    const kind = this.#below(8);
    if (kind < 4) this.#emit(0x10, callee, 0x21, this.#local());
    else if (kind < 6) this.#emit(0x41, callee, 0x11, TYPE.function, 0, 0x21, this.#local());
    else if (kind === 6) this.#emit(0x12, callee);
    else this.#emit(0x41, callee, 0x13, TYPE.function, 0);
    if (kind >= 6) this.#revive();
  }

  /** Code behind what never goes on must still be there now and then, and be left out mostly. */
  #revive(): void {
    if (this.#below(2) === 0) this.#set();
  }

  #branch(): void {
    const depth = this.#below(this.#labels.length);
    const values = this.#labels.at(-1 - depth)?.values ?? 0;
    const isConditional = this.#below(4) > 0;
    for (let left = values; left > 0; left -= 1) this.#value();
    if (isConditional) {
      this.#value();
      this.#emit(0x41, 3, 0x71, 0x0d, ...leb(depth));
      for (let left = values; left > 0; left -= 1) this.#emit(0x1a);
    } else {
      this.#emit(0x0c, ...leb(depth));
      this.#revive();
    }
  }

  #table(): void {
    const targets = this.#labels
      .map((label, index) => ({ ...label, depth: this.#labels.length - 1 - index }))
      .filter(({ values }) => values === 0)
      .map(({ depth }) => depth);
    if (targets.length === 0) return;
    this.#value();
    this.#emit(0x41, 7, 0x71, 0x0e, ...leb(targets.length - 1), ...targets);
    this.#revive();
  }

  #block(depth: number): void {
    const values = this.#below(3);
    for (let left = values; left > 0; left -= 1) this.#value();
    this.#emit(0x02, [VOID, TYPE.pass, TYPE.pair][values] ?? VOID);
    this.#inside({ values, isLoop: false }, depth, values);
    this.#emit(0x0b);
    for (let left = values; left > 0; left -= 1) this.#emit(0x21, this.#local());
  }

  #if(depth: number): void {
    const values = this.#below(2);
    this.#value();
    this.#emit(0x04, values === 1 ? I32 : VOID);
    this.#inside({ values, isLoop: false }, depth, 0);
    if (values === 1) this.#value();
    if (values === 1 || this.#below(2) === 0) {
      this.#emit(0x05);
      this.#inside({ values, isLoop: false }, depth, 0);
      if (values === 1) this.#value();
    }
    this.#emit(0x0b);
    if (values === 1) this.#emit(0x21, this.#local());
  }

  #loop(depth: number): void {
    const values = this.#below(4) === 0 ? 1 : 0;
    const results = values === 1 || this.#below(3) > 0 ? values : 1;
    if (values === 1) this.#value();
    this.#emit(0x03, values === 1 ? TYPE.pass : results === 1 ? I32 : VOID);
    this.#labels.push({ values, isLoop: true });
    if (values === 1) this.#emit(0x21, this.#local());
    this.#work();
    this.#statements(depth + 1);
    if (values === 1) this.#value();
    // Mostly it goes round a few times more.
    this.#value();
    this.#emit(0x41, 0x0f, 0x71, 0x0d, 0);
    this.#labels.pop();
    if (values === 0 && results === 1) this.#value();
    this.#emit(0x0b);
    if (results === 1) this.#emit(0x21, this.#local());
  }

  #try(depth: number): void {
    if (this.#legacy) {
      this.#emit(0x06, VOID);
      this.#inside({ values: 0, isLoop: false }, depth, 0);
      this.#throw();
      this.#emit(...(this.#below(2) === 0 ? [0x07, 0] : [0x19]));
      this.#inside({ values: 0, isLoop: false }, depth, 0);
      this.#emit(0x0b);
      return;
    }
    // The clause goes to a block around.
    const targets = this.#labels
      .map((label, index) => ({ ...label, depth: this.#labels.length - 1 - index }))
      .filter(({ values }) => values === 0);
    const target = targets[this.#below(targets.length)];
    if (target === undefined) return;
    this.#emit(0x1f, VOID, 1, ...(this.#below(2) === 0 ? [0, 0] : [2]), ...leb(target.depth));
    this.#inside({ values: 0, isLoop: false }, depth, 0);
    this.#throw();
    this.#emit(0x0b);
  }

  #throw(): void {
    this.#value();
    this.#emit(0x41, 3, 0x71, 0x45, 0x04, VOID, 0x08, 0, 0x0b);
  }

  /** Statements in a block that begins and ends with some values on the stack. */
  #inside(label: Label, depth: number, values: number): void {
    this.#labels.push(label);
    for (let left = values; left > 0; left -= 1) this.#emit(0x21, this.#local());
    this.#statements(depth + 1);
    for (let left = values; left > 0; left -= 1) this.#value();
    this.#labels.pop();
  }

  /** One i32. */
  #value(): void {
    const choice = this.#below(6);
    if (choice < 3) this.#emit(0x20, this.#local());
    else if (choice === 3) this.#emit(0x41, ...signed(this.#below(1000)));
    else if (choice === 4) this.#emit(0x20, this.#local(), 0x20, this.#local(), 0x6a);
    else this.#emit(0x20, this.#local(), 0x41, ...signed(0xfffc), 0x71, 0x28, 2, 0);
  }

  /** `work -= 1`, and a trap when it is used up. */
  #work(): void {
    this.#emit(0x23, 0, 0x45, 0x04, VOID, 0x00, 0x0b, 0x23, 0, 0x41, 1, 0x6b, 0x24, 0);
    this.#emit(0x20, 2, 0x41, 1, 0x6a, 0x21, 2);
  }

  #local(): number {
    return this.#below(LOCALS.i32);
  }

  #emit(...bytes: readonly number[]): void {
    this.#code.push(...bytes);
  }

  /** A number from 0, below `limit`. */
  #below(limit: number): number {
    this.#seed = Math.imul(this.#seed ^ (this.#seed >>> 15), 0x2c1b3c6d);
    this.#seed = (this.#seed + 0x9e3779b9) | 0;
    return (((this.#seed ^ (this.#seed >>> 12)) >>> 0) % 65521) % limit;
  }
}

function section(id: number, contents: readonly number[]): number[] {
  return [id, ...leb(contents.length), ...contents];
}

function text(value: string): number[] {
  return [...Buffer.from(value)];
}

function leb(value: number): number[] {
  const writer = new ByteWriter();
  writer.unsigned(value);
  return [...writer.finish()];
}

/** A signed number. @param value From 0. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x40; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
