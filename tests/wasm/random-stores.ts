/**
 * Modules of random code that stores at random places: through constants, locals that are assigned again,
 * frames, sums and loops, by every kind of store. They end soon, by returning or by a trap.
 */
import type { Random } from '../fuzz/random.ts';

/** Pages of the memory. */
export const PAGES = 2;
const BYTES = PAGES * 65_536;
/** Where the data lies; constants from here on need no mark. */
const DATA_AT = 70_000;

const STORES: readonly (readonly [name: string, value: string])[] = [
  ['i32.store', '(i32.const -1)'],
  ['i32.store8', '(local.get $x)'],
  ['i32.store16', '(local.tee $a (local.get $b))'],
  ['i64.store', '(i64.const -2)'],
  ['i64.store8', '(i64.extend_i32_u (local.get $a))'],
  ['i64.store16', '(i64.const 0x7777)'],
  ['i64.store32', '(i64.const 0x77777777)'],
  ['f32.store', '(f32.const 1.5)'],
  ['f64.store', '(f64.const -0.25)'],
  ['v128.store', '(v128.const i32x4 1 2 3 4)'],
  ['v128.store8_lane', '3 (v128.const i32x4 -1 -1 -1 -1)'],
  ['v128.store64_lane', '1 (i8x16.splat (local.get $x))'],
];
/** Locals of every function; `x` is its parameter. */
const LOCALS = ['x', 'a', 'b', 'fp', 'p'];

/** Writes one module as WAT. */
export function randomStores(random: Random): string {
  const functions = 1 + random.below(4);
  const writer = new FunctionWriter(random, functions);
  const bodies = Array.from({ length: functions }, (_, index) => writer.write(index));
  return `(module
    (memory (export "memory") ${PAGES})
    (data (i32.const ${DATA_AT}) "data")
    (data $passive "passive bytes that are copied")
    (global $sp (mut i32) (i32.const ${60_000 + random.below(8000)}))
    (global $fuel (mut i32) (i32.const 2000))
    (tag $thrown)
    (func $burn
      (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
      (if (i32.lt_s (global.get $fuel) (i32.const 0)) (then unreachable)))
    ${bodies.join('\n')})`;
}

class FunctionWriter {
  readonly #random: Random;
  readonly #functions: number;
  #index = 0;

  constructor(random: Random, functions: number) {
    this.#random = random;
    this.#functions = functions;
  }

  write(index: number): string {
    this.#index = index;
    const frame = 16 * (1 + this.#random.below(64));
    const prologue = this.#random.pick([
      `(global.set $sp (local.tee $fp (i32.sub (global.get $sp) (i32.const ${frame}))))`,
      `(local.set $fp (i32.sub (global.get $sp) (i32.const ${frame})))`,
      `(local.set $fp (i32.add (global.get $sp) (i32.const -${frame})))`,
      `(block (br_if 0 (local.get $x)) (local.set $fp (i32.sub (global.get $sp) (i32.const ${frame}))))`,
      '',
    ]);
    return `(func $f${index} (export "f${index}") (param $x i32) (result i32)
      (local $a i32) (local $b i32) (local $fp i32) (local $p i32)
      (call $burn) ${prologue} ${this.#statements(3)} (local.get $x))`;
  }

  #statements(depth: number): string {
    return Array.from({ length: 1 + this.#random.below(6) }, () => this.#statement(depth)).join(
      '\n',
    );
  }

  #statement(depth: number): string {
    const random = this.#random;
    const kind = random.below(depth === 0 ? 8 : 16);
    if (kind < 3) return this.#store();
    if (kind < 5) return this.#storeThroughLocal();
    if (kind < 8) return `(local.set ${this.#local()} ${this.#somewhere()})`;
    switch (kind) {
      case 8:
        return `(block $out (br_if $out ${this.#value()}) ${this.#statements(depth - 1)})`;
      case 9:
        return `(loop $again (call $burn) ${this.#statements(depth - 1)} (br_if $again ${this.#value()}))`;
      case 10:
        return `(if ${this.#value()} (then ${this.#statements(depth - 1)}) (else ${this.#statements(depth - 1)}))`;
      case 11:
        return `(block $caught (try_table (catch_all $caught) ${this.#statements(depth - 1)}
          (if ${this.#value()} (then (throw $thrown))) ${this.#statements(depth - 1)}))`;
      case 12:
        return this.#bulk();
      case 13: {
        const callee = random.below(this.#functions);
        return callee > this.#index
          ? `(local.set ${this.#local()} (call $f${callee} ${this.#address(1)}))`
          : `(global.set $sp ${this.#address(1)})`;
      }
      case 14:
        return `(block $out (if ${this.#value()} (then (br $out))) ${this.#statements(depth - 1)} (br $out) ${this.#store()})`;
      default:
        return `(local.set $p (block (result i32) ${this.#statements(depth - 1)} ${this.#address(2)}))`;
    }
  }

  #store(): string {
    const [name, value] = this.#random.pick(STORES);
    const offset = this.#random.pick([0, 0, 0, 0, 4, 8, 60, 1000, DATA_AT]);
    const [lane, rest] = name.endsWith('lane') ? [value.slice(0, 1), value.slice(2)] : ['', value];
    return `(${name} offset=${offset} ${lane} ${this.#somewhere()} ${rest})`;
  }

  /** Through a local or one plus a constant, often twice, so that something is known about it the second time. */
  #storeThroughLocal(): string {
    const local = this.#local();
    const address = this.#random.pick([
      `(local.get ${local})`,
      `(i32.add (local.get ${local}) (i32.const ${this.#random.pick([4, 400, -4, -60_000])}))`,
    ]);
    const value = this.#random.pick([
      '(i32.const 85)',
      `(local.tee ${local} ${this.#somewhere()})`,
    ]);
    const again = this.#random.once(2) ? `(i32.store8 (local.get ${local}) (i32.const 51))` : '';
    return `(i32.store8 ${address} ${value}) ${again}`;
  }

  /** An address that is there. */
  #somewhere(): string {
    return this.#random.pick([
      `(i32.const ${this.#random.below(BYTES)})`,
      `(i32.and ${this.#address(2)} (i32.const ${BYTES - 1}))`,
      `(i32.and ${this.#address(2)} (i32.const ${BYTES / 2 - 1}))`,
      `(i32.rem_u (i32.mul ${this.#address(1)} (global.get $fuel)) (i32.const ${BYTES - 500}))`,
      this.#address(2),
    ]);
  }

  #bulk(): string {
    const length = `(i32.const ${this.#random.below(40)})`;
    return this.#random.pick([
      `(memory.fill ${this.#somewhere()} (i32.const 170) ${length})`,
      `(memory.copy ${this.#somewhere()} (i32.const ${DATA_AT - 8}) ${length})`,
      `(memory.init $passive ${this.#somewhere()} (i32.const 3) (i32.const ${this.#random.below(20)}))`,
    ]);
  }

  #address(depth: number): string {
    const random = this.#random;
    const small = random.pick([0, 1, 4, 16, 100, 4096, 40_000]);
    switch (random.below(depth === 0 ? 4 : 12)) {
      case 0:
        return `(i32.const ${random.below(BYTES + 1000)})`;
      case 1:
      case 2:
        return `(local.get ${this.#local()})`;
      case 3:
        return '(global.get $sp)';
      case 4:
        return `(local.tee ${this.#local()} ${this.#address(depth - 1)})`;
      case 5:
      case 6:
        return `(i32.add ${this.#address(depth - 1)} (i32.const ${small}))`;
      case 7:
        return `(i32.add (i32.const ${small}) ${this.#address(depth - 1)})`;
      case 8:
        return `(i32.sub ${this.#address(depth - 1)} (i32.const ${small}))`;
      case 9:
        return `(i32.and ${this.#address(depth - 1)} (i32.const ${BYTES - 1}))`;
      case 10:
        return `(i32.add (local.get $fp) (i32.and ${this.#address(depth - 1)} (i32.const 255)))`;
      default:
        return `(select ${this.#address(depth - 1)} ${this.#address(depth - 1)} ${this.#value()})`;
    }
  }

  #value(): string {
    return this.#random.pick([
      '(i32.and (local.get $x) (i32.const 1))',
      '(i32.lt_s (local.get $a) (local.get $b))',
      '(i32.and (global.get $fuel) (i32.const 3))',
      '(i32.const 1)',
      '(local.get $fp)',
    ]);
  }

  #local(): string {
    return `$${this.#random.pick(LOCALS)}`;
  }
}
