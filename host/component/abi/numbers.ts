/** Values that are more than a load: characters, discriminants, and bits read as another type. */
import { breakRule } from './rule.ts';

const bits = new DataView(new ArrayBuffer(8));

/** Lifts `char` from its code point. */
export function liftChar(code: number): string {
  const point = code >>> 0;
  if (point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff)) {
    breakRule(`0x${point.toString(16)} is not a Unicode scalar value`);
  }
  return String.fromCodePoint(point);
}

/** Lowers `char`. */
export function lowerChar(value: unknown): number {
  const point = typeof value === 'string' ? value.codePointAt(0) : undefined;
  if (point === undefined) throw new TypeError('the host gave no character');
  // Half a surrogate pair is no scalar value.
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}

/** Ends the instance for a discriminant beyond the cases. */
export function badCase(discriminant: number): never {
  return breakRule(`there is no case ${discriminant >>> 0}`);
}

/** A host function gave a case or name that the type does not have. */
export function unknownCase(): never {
  throw new TypeError('the host gave a case that the type does not have');
}

/** Index of a name that the host gives for an `enum`. */
export function indexOfName(names: readonly string[], value: unknown): number {
  const index = names.indexOf(value as string);
  return index >= 0 ? index : unknownCase();
}

export function f32FromBits(value: number): number {
  bits.setInt32(0, value);
  return bits.getFloat32(0);
}

export function f32ToBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

export function f64FromBits(value: bigint): number {
  bits.setBigInt64(0, value);
  return bits.getFloat64(0);
}

export function f64ToBits(value: number): bigint {
  bits.setFloat64(0, value);
  return bits.getBigInt64(0);
}
