/** Random WIT types, and random values of a type. */
import fc from 'fast-check';
import type { ValueType } from '../../../host/component/plan.ts';
import { camelCase } from '../../../host/component/emit/name-table.ts';

const PRIMITIVES = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
] as const;

/** Kebab names, among them some that mean something in JavaScript. */
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,4})?$/),
  fc.constantFrom('constructor', 'to-string', 'value-of', 'then', 'has-own-property', 'val', 'tag'),
);
const names = (most: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(name, { minLength: 1, maxLength: most, selector: camelCase });

/** Types without handles. */
export const valueType: fc.Arbitrary<ValueType> = fc.letrec<{ type: ValueType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'type' },
    fc.constantFrom(...PRIMITIVES).map((kind): ValueType => ({ kind })),
    names(40).map((list): ValueType => ({ kind: 'enum', names: list })),
    names(32).map((list): ValueType => ({ kind: 'flags', names: list })),
    tie('type').map((element): ValueType => ({ kind: 'list', element })),
    tie('type').map((some): ValueType => ({ kind: 'option', some })),
    fc
      .record({ ok: fc.option(tie('type')), err: fc.option(tie('type')) })
      .map(({ ok, err }): ValueType => ({
        kind: 'result',
        ok: ok ?? undefined,
        err: err ?? undefined,
      })),
    fc
      .array(tie('type'), { minLength: 1, maxLength: 5 })
      .map((items): ValueType => ({ kind: 'tuple', items })),
    named(tie('type'), 6).map((fields): ValueType => ({
      kind: 'record',
      fields: fields.map(([key, type]) => ({ name: key, type })),
    })),
    named(fc.option(tie('type')), 6).map((cases): ValueType => ({
      kind: 'variant',
      cases: cases.map(([key, type]) => ({ name: key, type: type ?? undefined })),
    })),
  ),
})).type;

function named<T>(type: fc.Arbitrary<T>, most: number): fc.Arbitrary<(readonly [string, T])[]> {
  return names(most).chain((keys) =>
    fc
      .array(type, { minLength: keys.length, maxLength: keys.length })
      .map((types) => keys.map((key, index) => [key, types[index] as T] as const)),
  );
}

const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const NUMBERS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  s8: whole(-128, 127),
  u8: whole(0, 255),
  s16: whole(-32_768, 32_767),
  u16: whole(0, 65_535),
  s32: whole(-(2 ** 31), 2 ** 31 - 1),
  u32: whole(0, 2 ** 32 - 1),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  char: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  string: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'binary-ascii', maxLength: 60 }),
  ),
};
const ARRAYS: Readonly<Record<string, { from(list: never[]): unknown }>> = {
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
};

/** Values of a type, as the host has them. */
export function valueOf(type: ValueType): fc.Arbitrary<unknown> {
  if (type.kind === 'enum') return fc.constantFrom(...type.names);
  if (type.kind === 'flags') return objectOf(type.names.map((key) => [key, fc.boolean()]));
  if (type.kind === 'list') {
    const list = fc.array(valueOf(type.element), { maxLength: 6 });
    const typed = ARRAYS[type.element.kind];
    return typed === undefined ? list : list.map((values) => typed.from(values as never[]));
  }
  if (type.kind === 'option') {
    if (type.some.kind !== 'option') return fc.option(valueOf(type.some), { nil: undefined });
    return fc.oneof(
      fc.constant({ tag: 'none' }),
      valueOf(type.some).map((val) => ({ tag: 'some', val })),
    );
  }
  if (type.kind === 'result') return fc.oneof(caseOf('ok', type.ok), caseOf('err', type.err));
  if (type.kind === 'tuple') return fc.tuple(...type.items.map(valueOf));
  if (type.kind === 'record') {
    return objectOf(type.fields.map((field) => [field.name, valueOf(field.type)]));
  }
  if (type.kind === 'variant') {
    return fc.oneof(
      ...type.cases.map((one) =>
        one.type === undefined ? fc.constant({ tag: one.name }) : caseOf(one.name, one.type),
      ),
    );
  }
  return NUMBERS[type.kind] ?? fc.constant(undefined);
}

function caseOf(tag: string, type: ValueType | undefined): fc.Arbitrary<unknown> {
  if (type === undefined) return fc.constant({ tag, val: undefined });
  return valueOf(type).map((val) => ({ tag, val }));
}

function objectOf(entries: [string, fc.Arbitrary<unknown>][]): fc.Arbitrary<unknown> {
  return fc
    .tuple(...entries.map(([, value]) => value))
    .map((values) =>
      Object.fromEntries(entries.map(([key], index) => [camelCase(key), values[index]])),
    );
}
