/**
 * Finds how often a loop runs at most, where its own code proves it: a local that is assigned once in the
 * loop, by adding a constant, on the way that every iteration takes, and compared with a constant where the
 * loop goes back. A hostile module cannot cheat: nothing else in the loop writes the local, and what it
 * holds before the loop counts only where straight-line code sets it to a constant.
 */
import { ByteReader } from '../byte-reader.ts';
import { immediatesOf, readOpcode, skipImmediates } from '../instructions.ts';
import { EVENT, type Body } from './body.ts';

const OP = Object.freeze({
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  ltU: 0x49,
  add: 0x6a,
  sub: 0x6b,
});

/** The conditions under which a loop goes on, of the counter and the constant. */
const GOES_ON: ReadonlyMap<number, (counter: number, constant: number) => boolean> = new Map([
  [0x47, (counter, constant) => counter !== constant],
  [0x48, (counter, constant) => counter < constant],
  [0x49, (counter, constant) => counter >>> 0 < constant >>> 0],
  [0x4a, (counter, constant) => counter > constant],
  [0x4b, (counter, constant) => counter >>> 0 > constant >>> 0],
  [0x4c, (counter, constant) => counter <= constant],
  [0x4d, (counter, constant) => counter >>> 0 <= constant >>> 0],
  [0x4e, (counter, constant) => counter >= constant],
  [0x4f, (counter, constant) => counter >>> 0 >= constant >>> 0],
]);

/** How the loop ends: the counter, and whether it goes on with a value of it. */
interface Ending {
  readonly counter: number;
  readonly goesOn: (counter: number) => boolean;
  /** The comparison's opcode, 0 without one, and its constant. */
  readonly comparison: number;
  readonly constant: number;
}

/**
 * Counts iterations.
 *
 * @param bytes The module.
 * @param loop Event of an innermost loop.
 * @param back Event of its only branch back, a `br_if` that stands in no block within the loop.
 * @param most Larger counts are of no use.
 * @returns An upper bound, or `Infinity`.
 */
export function iterationsOf(
  bytes: Uint8Array,
  body: Body,
  loop: number,
  back: number,
  most: number,
): number {
  const ending = readEnding(bytes, body, back);
  if (ending === undefined) return Infinity;
  const { counter, comparison, constant } = ending;
  const step = readStep(bytes, body, loop, back, counter);
  if (step === undefined || step === 0) return Infinity;
  const initial = readInitial(bytes, body, loop, counter);
  if (initial === undefined) {
    // Whatever it begins with: once below the constant it climbs there, and cannot wrap on the way.
    const limit = constant >>> 0;
    if (comparison !== OP.ltU || step < 0 || limit + step >= 2 ** 32) return Infinity;
    return Math.ceil(limit / step) + 1;
  }
  let value = initial;
  for (let count = 1; count <= most; count += 1) {
    value = (value + step) | 0;
    if (!ending.goesOn(value)) return count;
  }
  return Infinity;
}

/** The last instructions before the branch: `counter [constant comparison]`. */
function readEnding(bytes: Uint8Array, body: Body, back: number): Ending | undefined {
  const reader = new ByteReader(bytes, body.end[back - 1] ?? 0, body.at[back] ?? 0);
  // The last three instructions: opcode and number each.
  const last: [opcode: number, value: number][] = [];
  while (!reader.done) {
    const opcode = readOpcode(reader);
    last.push([opcode, readNumber(reader, opcode)]);
    if (last.length > 3) last.shift();
  }
  const [first, second, third] = last;
  if (third !== undefined && isCounter(third[0])) {
    return { counter: third[1], goesOn: (value) => value !== 0, comparison: 0, constant: 0 };
  }
  if (first === undefined || second === undefined || third === undefined) return undefined;
  const compare = GOES_ON.get(third[0]);
  if (compare === undefined || !isCounter(first[0]) || second[0] !== OP.i32Const) return undefined;
  const constant = second[1];
  return {
    counter: first[1],
    goesOn: (value) => compare(value, constant),
    comparison: third[0],
    constant,
  };
}

function isCounter(opcode: number): boolean {
  return opcode === OP.localGet || opcode === OP.localTee;
}

/** What is added to the counter once an iteration; undefined if it is assigned in any other way. */
function readStep(
  bytes: Uint8Array,
  body: Body,
  loop: number,
  back: number,
  counter: number,
): number | undefined {
  let step: number | undefined;
  let assignments = 0;
  let nesting = 0;
  for (let event = loop + 1; body.a[event] !== loop || body.kind[event] !== EVENT.end; event += 1) {
    const reader = new ByteReader(bytes, body.end[event - 1] ?? 0, body.at[event] ?? 0);
    const last: [opcode: number, value: number][] = [];
    while (!reader.done) {
      const opcode = readOpcode(reader);
      const value = readNumber(reader, opcode);
      if ((opcode === OP.localSet || opcode === OP.localTee) && value === counter) {
        assignments += 1;
        if (nesting === 0 && event <= back) step = addedConstant(last, counter);
      }
      last.push([opcode, value]);
      if (last.length > 3) last.shift();
    }
    const kind = body.kind[event] ?? 0;
    if (kind === EVENT.block || kind === EVENT.if) nesting += 1;
    else if (kind === EVENT.end) nesting -= 1;
  }
  return assignments === 1 ? step : undefined;
}

/** The constant in `counter constant add` or `counter constant sub`. */
function addedConstant(
  last: readonly [opcode: number, value: number][],
  counter: number,
): number | undefined {
  const [first, second, third] = last;
  if (first === undefined || second === undefined || third === undefined) return undefined;
  if (first[0] !== OP.localGet || first[1] !== counter || second[0] !== OP.i32Const) {
    return undefined;
  }
  if (third[0] === OP.add) return second[1];
  return third[0] === OP.sub ? -second[1] | 0 : undefined;
}

/** The constant that the counter holds when the loop begins. */
function readInitial(
  bytes: Uint8Array,
  body: Body,
  loop: number,
  counter: number,
): number | undefined {
  // Blocks are entered from above only, so that what is before them is straight-line code too.
  let from = loop;
  while (from > 1 && isPassedThrough(body.kind[from - 1] ?? 0)) from -= 1;
  let initial: number | undefined;
  for (let event = from; event <= loop; event += 1) {
    const reader = new ByteReader(bytes, body.end[event - 1] ?? 0, body.at[event] ?? 0);
    let constant: number | undefined;
    while (!reader.done) {
      const opcode = readOpcode(reader);
      const value = readNumber(reader, opcode);
      if ((opcode === OP.localSet || opcode === OP.localTee) && value === counter) {
        initial = constant;
      }
      constant = opcode === OP.i32Const ? value : undefined;
    }
  }
  return initial;
}

function isPassedThrough(kind: number): boolean {
  return kind === EVENT.block || kind === EVENT.piece;
}

/** Reads immediates. @returns The number, where there is one that matters here. */
function readNumber(reader: ByteReader, opcode: number): number {
  if (opcode >= OP.localGet && opcode <= OP.localTee) return reader.u32();
  if (opcode === OP.i32Const) return reader.s33() | 0;
  skipImmediates(reader, immediatesOf(opcode));
  return 0;
}
