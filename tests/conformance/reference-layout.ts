/**
 * Sizes, alignments and flat forms of value types: the second implementation of the canonical ABI that
 * the tests hold against ours. Slow, short, and written from the specification's Python alone.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#alignment
 */
import type { FunctionType, ValueType } from '../../host/component/plan.ts';

/** A core value type. */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** Flat parameters beyond which all go through memory. */
const MAX_FLAT_PARAMETERS = 16;

/** Bytes in memory of what is not a record, a variant or flags; others take 4. */
const SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s64: 8,
  u64: 8,
  f64: 8,
  string: 8,
  list: 8,
};

/** Core values of the same; others are one i32. */
const FLAT: Readonly<Record<string, readonly CoreType[]>> = {
  s64: ['i64'],
  u64: ['i64'],
  f32: ['f32'],
  f64: ['f64'],
  string: ['i32', 'i32'],
  list: ['i32', 'i32'],
};

/** A core function's type. */
export interface CoreSignature {
  readonly parameters: readonly CoreType[];
  readonly result: CoreType | undefined;
  /** Whether the parameters are one pointer. */
  readonly parametersInMemory: boolean;
  /** Whether the result is where a pointer says. */
  readonly resultInMemory: boolean;
}

/** Payload types by discriminant; undefined for types that are no variants. */
export function casesOf(type: ValueType): readonly (ValueType | undefined)[] | undefined {
  if (type.kind === 'variant') return type.cases.map((one) => one.type);
  if (type.kind === 'enum') return type.names.map(() => undefined);
  if (type.kind === 'option') return [undefined, type.some];
  return type.kind === 'result' ? [type.ok, type.err] : undefined;
}

/** Types of fields or items; undefined for types that are no records. */
export function fieldsOf(type: ValueType): readonly ValueType[] | undefined {
  if (type.kind === 'record') return type.fields.map((field) => field.type);
  return type.kind === 'tuple' ? type.items : undefined;
}

/** Bytes of a discriminant. */
export function discriminantSize(cases: number): 1 | 2 | 4 {
  return cases <= 2 ** 8 ? 1 : cases <= 2 ** 16 ? 2 : 4;
}

export function alignmentOf(type: ValueType): number {
  const fields = fieldsOf(type);
  if (fields !== undefined) return Math.max(...fields.map(alignmentOf));
  const cases = casesOf(type);
  if (cases !== undefined) return Math.max(discriminantSize(cases.length), payloadAlignment(cases));
  return type.kind === 'string' || type.kind === 'list' ? 4 : sizeOf(type);
}

/** Alignment of whatever payload there is. */
export function payloadAlignment(cases: readonly (ValueType | undefined)[]): number {
  return Math.max(1, ...cases.map((type) => (type === undefined ? 1 : alignmentOf(type))));
}

export function sizeOf(type: ValueType): number {
  const fields = fieldsOf(type);
  if (fields !== undefined) {
    const end = fields.reduce((at, field) => alignTo(at, alignmentOf(field)) + sizeOf(field), 0);
    return alignTo(end, alignmentOf(type));
  }
  const cases = casesOf(type);
  if (cases !== undefined) {
    const start = alignTo(discriminantSize(cases.length), payloadAlignment(cases));
    const largest = Math.max(...cases.map((one) => (one === undefined ? 0 : sizeOf(one))));
    return alignTo(start + largest, alignmentOf(type));
  }
  if (type.kind === 'flags') return type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4;
  return SIZES[type.kind] ?? 4;
}

/** Core values that a value is passed as. */
export function flatten(type: ValueType): readonly CoreType[] {
  const fields = fieldsOf(type);
  if (fields !== undefined) return fields.flatMap(flatten);
  const cases = casesOf(type);
  if (cases !== undefined) {
    const joined: CoreType[] = [];
    for (const one of cases) {
      for (const [index, core] of (one === undefined ? [] : flatten(one)).entries()) {
        joined[index] = join(joined[index] ?? core, core);
      }
    }
    return ['i32', ...joined];
  }
  return FLAT[type.kind] ?? ['i32'];
}

/** The core function that is lifted to, or lowered from, a function; a lowered one also gets a result pointer. */
export function coreSignature(type: FunctionType, side: 'lift' | 'lower'): CoreSignature {
  const flat = type.parameters.flatMap((parameter) => flatten(parameter.type));
  const parametersInMemory = flat.length > MAX_FLAT_PARAMETERS;
  const results = type.result === undefined ? [] : flatten(type.result);
  const resultInMemory = results.length > 1;
  const parameters: CoreType[] = parametersInMemory ? ['i32'] : flat;
  if (resultInMemory && side === 'lower') parameters.push('i32');
  const returned = resultInMemory ? 'i32' : results[0];
  const result = resultInMemory && side === 'lower' ? undefined : returned;
  return { parameters, result, parametersInMemory, resultInMemory };
}

export function alignTo(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}

function join(left: CoreType, right: CoreType): CoreType {
  if (left === right) return left;
  return [left, right].every((core) => core === 'i32' || core === 'f32') ? 'i32' : 'i64';
}
