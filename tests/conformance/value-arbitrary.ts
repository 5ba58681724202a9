/** Random values of a WIT type, in the JavaScript mapping, with the edges that codecs get wrong. */
import fc from 'fast-check';
import type { ValueType } from '../../host/component/plan.ts';
import { casesOf, fieldsOf } from './reference-layout.ts';
import { composeCase, composeParts } from './value-parts.ts';

/** Handles that a guest of the tests owns: 1 to this. */
export const GUEST_HANDLES = 3;

type NumberKind = keyof typeof ARRAYS;

const ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/** Characters at the edges of encodings: of one to four bytes, around the surrogates, Latin-1's last. */
const CHARACTERS: readonly string[] = [
  '\0',
  '\x7F',
  '\x80',
  '\xFF',
  '\u0100',
  '\u07FF',
  '\u0800',
  '\uD7FF',
  '\uE000',
  '\uFFFD',
  '\uFFFF',
  '\u{10000}',
  '\u{10FFFF}',
];

/** Random values. Records have no prototype trouble: their keys are camelCase of WIT names. */
export function arbitraryValue(type: ValueType): fc.Arbitrary<unknown> {
  const fields = fieldsOf(type);
  if (fields !== undefined) {
    return fc.tuple(...fields.map(arbitraryValue)).map((parts) => composeParts(type, parts));
  }
  const cases = casesOf(type);
  if (cases !== undefined) {
    const choices = cases.map((payload, index) =>
      payload === undefined
        ? fc.constant(composeCase(type, index, undefined))
        : arbitraryValue(payload).map((value) => composeCase(type, index, value)),
    );
    return fc.oneof(...choices);
  }
  if (type.kind === 'list') return arbitraryList(type.element);
  if (type.kind === 'flags') {
    return fc
      .tuple(...type.names.map(() => fc.boolean()))
      .map((flags) => composeParts(type, flags));
  }
  return arbitraryScalar(type.kind);
}

function arbitraryScalar(kind: string): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'bool':
      return fc.boolean();
    case 'f32':
      return fc.float();
    case 'f64':
      return fc.double();
    case 's64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'u64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case 'char':
      return character();
    case 'string':
      return fc.oneof(
        fc.string({ unit: character(), maxLength: 40 }),
        fc.string({ unit: 'binary-ascii', maxLength: 60 }),
      );
    case 'own':
    case 'borrow':
      return fc.integer({ min: 1, max: GUEST_HANDLES }).map((handle) => ({ handle }));
    default:
      return integer(kind);
  }
}

function arbitraryList(element: ValueType): fc.Arbitrary<unknown> {
  const values = fc.array(arbitraryValue(element), { maxLength: 6 });
  if (!(element.kind in ARRAYS)) return values;
  const List = ARRAYS[element.kind as NumberKind] as unknown as { from(list: unknown[]): unknown };
  return values.map((list) => List.from(list));
}

function integer(kind: string): fc.Arbitrary<number> {
  const bits = Number(kind.slice(1));
  return kind.startsWith('s')
    ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
    : fc.oneof(fc.constantFrom(0, 2 ** bits - 1), fc.nat(2 ** Math.min(bits, 31) - 1));
}

function character(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(...CHARACTERS),
  );
}
