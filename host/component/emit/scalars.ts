/** Expressions for values without parts: from and to core values, and from and to memory. */
import type { CoreType, TypeInfo } from './layout.ts';

/** How a numeric kind is read from and written to memory, and made to fit. */
interface NumberKind {
  /** `DataView` accessor without `get` or `set`. */
  readonly accessor: string;
  /** Template of the expression that makes a core value or a host's value fit, with `$` for it. */
  readonly fit: string;
}

const NUMBERS: Readonly<Record<string, NumberKind>> = {
  u8: { accessor: 'Uint8', fit: '($&255)' },
  s8: { accessor: 'Int8', fit: '($<<24>>24)' },
  u16: { accessor: 'Uint16', fit: '($&65535)' },
  s16: { accessor: 'Int16', fit: '($<<16>>16)' },
  u32: { accessor: 'Uint32', fit: '($>>>0)' },
  s32: { accessor: 'Int32', fit: '($|0)' },
  u64: { accessor: 'BigUint64', fit: 'BigInt.asUintN(64,$)' },
  s64: { accessor: 'BigInt64', fit: 'BigInt.asIntN(64,$)' },
  f32: { accessor: 'Float32', fit: '$' },
  f64: { accessor: 'Float64', fit: '$' },
};

/** Typed arrays of lists of numbers; bytes are apart because they need no view of their own. */
export const NUMBER_ARRAYS: Readonly<Record<string, string>> = {
  s8: 'Int8Array',
  u16: 'Uint16Array',
  s16: 'Int16Array',
  u32: 'Uint32Array',
  s32: 'Int32Array',
  u64: 'BigUint64Array',
  s64: 'BigInt64Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
};

/** Whether a type is a number, a boolean, a character or an enum: one core value, no state. */
export function isScalar({ type }: TypeInfo): boolean {
  return (
    type.kind in NUMBERS || type.kind === 'bool' || type.kind === 'char' || type.kind === 'enum'
  );
}

/** Core value → value; enums and characters are checked. */
export function liftScalar({ type }: TypeInfo, core: string, names: string): string {
  if (type.kind === 'bool') return `(${core}!==0)`;
  if (type.kind === 'char') return `liftChar(${core})`;
  if (type.kind === 'enum') return `(${names}[${core}]??badCase(${core}))`;
  return fit(type.kind, core);
}

/** Value → core value. */
export function lowerScalar({ type }: TypeInfo, value: string, names: string): string {
  if (type.kind === 'bool') return `(${value}?1:0)`;
  if (type.kind === 'char') return `lowerChar(${value})`;
  if (type.kind === 'enum') return `indexOfName(${names},${value})`;
  return fit(type.kind, value);
}

/** Memory → value. */
export function loadScalar(info: TypeInfo, memory: string, at: string, names: string): string {
  const accessor = accessorOf(info);
  const core = `${memory}.view.get${accessor}(${at}${isByte(accessor) ? '' : ',true'})`;
  return info.type.kind in NUMBERS ? core : liftScalar(info, core, names);
}

/** Statement: value → memory. */
export function storeScalar(
  info: TypeInfo,
  memory: string,
  at: string,
  value: string,
  names: string,
): string {
  const lowered = info.type.kind in NUMBERS ? value : lowerScalar(info, value, names);
  return storeNumber(memory, accessorOf(info), at, lowered);
}

/** Statement: writes a discriminant or flags of so many bytes. */
export function storeUnsigned(memory: string, bytes: number, at: string, value: string): string {
  return storeNumber(memory, unsignedAccessor(bytes), at, value);
}

/** Expression: reads a discriminant or flags of so many bytes. */
export function loadUnsigned(memory: string, bytes: number, at: string): string {
  return `${memory}.view.get${unsignedAccessor(bytes)}(${at}${bytes === 1 ? '' : ',true'})`;
}

/** A core value of the joined type as one of the payload's own. */
export function fromJoined(core: string, have: CoreType, want: CoreType): string {
  if (have === want) return core;
  if (have === 'i32') return `f32FromBits(${core})`;
  if (want === 'f64') return `f64FromBits(${core})`;
  const low = `Number(BigInt.asIntN(32,${core}))`;
  return want === 'f32' ? `f32FromBits(${low})` : low;
}

/** The reverse of `fromJoined`. */
export function toJoined(core: string, have: CoreType, want: CoreType): string {
  if (have === want) return core;
  if (want === 'i32') return `f32ToBits(${core})`;
  if (have === 'f64') return `f64ToBits(${core})`;
  return have === 'f32' ? `BigInt(f32ToBits(${core})>>>0)` : `BigInt(${core}>>>0)`;
}

/** `base+offset` without an addition of 0. */
export function at(base: string, offset: number): string {
  return offset === 0 ? base : `${base}+${offset}`;
}

function fit(kind: string, value: string): string {
  return (NUMBERS[kind]?.fit ?? '$').replace('$', () => value);
}

function accessorOf({ type, size }: TypeInfo): string {
  return NUMBERS[type.kind]?.accessor ?? unsignedAccessor(size);
}

function unsignedAccessor(bytes: number): string {
  return bytes === 1 ? 'Uint8' : bytes === 2 ? 'Uint16' : 'Uint32';
}

function isByte(accessor: string): boolean {
  return accessor === 'Uint8' || accessor === 'Int8';
}

function storeNumber(memory: string, accessor: string, position: string, value: string): string {
  const order = isByte(accessor) ? '' : ',true';
  return `${memory}.view.set${accessor}(${position},${value}${order});`;
}
