/** Random WIT types and function types, bounded in depth and width. */
import fc from 'fast-check';
import type { FunctionType, PrimitiveKind, ValueType } from '../../host/component/plan.ts';

/** Which handles may occur: none, owned ones, or borrowed ones too. */
export type Handles = 'none' | 'own' | 'any';

/** How large types may be. */
export interface TypeBounds {
  readonly handles: Handles;
  readonly maxParameters: number;
  readonly maxDepth: number;
}

const PRIMITIVES: readonly PrimitiveKind[] = [
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
];

/** Words that mean something in JavaScript, or that change with the spelling, beside harmless ones. */
const LABELS: readonly string[] = [
  'a',
  'b2',
  'two-words',
  'a-b-c',
  'TLS-alert',
  'x-Y',
  'tag',
  'val',
  'then',
  'length',
  'class',
  'await',
  'default',
  'arguments',
  'constructor',
  'prototype',
  'to-string',
  'value-of',
  'has-own-property',
  'none',
  'some',
  'ok',
  'err',
];

/** Random value types. */
export function arbitraryType({ handles, maxDepth }: TypeBounds): fc.Arbitrary<ValueType> {
  const { type } = fc.letrec<{ type: ValueType; leaf: ValueType }>((tie) => ({
    leaf: fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom(...PRIMITIVES).map((kind) => ({ kind })) },
      { weight: 2, arbitrary: labels(1, 40).map((names) => ({ kind: 'enum', names }) as const) },
      { weight: 2, arbitrary: labels(1, 32).map((names) => ({ kind: 'flags', names }) as const) },
      ...(handles === 'none' ? [] : [{ weight: 4, arbitrary: handle('own') }]),
      ...(handles === 'any' ? [{ weight: 4, arbitrary: handle('borrow') }] : []),
    ),
    type: fc.oneof(
      { maxDepth, depthSize: 'small', withCrossShrink: true },
      { weight: 5, arbitrary: tie('leaf') },
      { weight: 3, arbitrary: tie('type').map((element) => ({ kind: 'list', element }) as const) },
      { weight: 2, arbitrary: recordOf(tie('type')) },
      {
        weight: 1,
        arbitrary: fc
          .array(tie('type'), { minLength: 1, maxLength: 6 })
          .map((items) => ({ kind: 'tuple', items }) as const),
      },
      { weight: 3, arbitrary: variantOf(tie('type')) },
      { weight: 2, arbitrary: tie('type').map((some) => ({ kind: 'option', some }) as const) },
      { weight: 2, arbitrary: resultOf(tie('type')) },
    ),
  }));
  return type;
}

/** Random function types; a result borrows nothing. */
export function arbitraryFunction(bounds: TypeBounds): fc.Arbitrary<FunctionType> {
  const own: Handles = bounds.handles === 'none' ? 'none' : 'own';
  return fc.record({
    parameters: fc
      .array(arbitraryType(bounds), { maxLength: bounds.maxParameters })
      .map((types) => types.map((type, index) => ({ name: `p${index}`, type }))),
    result: fc.option(arbitraryType({ ...bounds, handles: own }), { nil: undefined, freq: 6 }),
  });
}

function recordOf(type: fc.Arbitrary<ValueType>): fc.Arbitrary<ValueType> {
  return labels(1, 6).chain((names) =>
    fc.tuple(...names.map(() => type)).map((types) => ({
      kind: 'record',
      fields: types.map((each, index) => named(names, index, each)),
    })),
  );
}

function variantOf(type: fc.Arbitrary<ValueType>): fc.Arbitrary<ValueType> {
  return labels(1, 6).chain((names) =>
    fc.tuple(...names.map(() => fc.option(type, { nil: undefined, freq: 3 }))).map((types) => ({
      kind: 'variant',
      cases: types.map((each, index) => named(names, index, each)),
    })),
  );
}

function resultOf(type: fc.Arbitrary<ValueType>): fc.Arbitrary<ValueType> {
  const side = fc.option(type, { nil: undefined, freq: 3 });
  return fc.tuple(side, side).map(([ok, err]) => ({ kind: 'result', ok, err }));
}

function handle(kind: 'own' | 'borrow'): fc.Arbitrary<ValueType> {
  return fc.constant({ kind, resource: 0 });
}

function named<T>(
  names: readonly string[],
  index: number,
  type: T,
): { readonly name: string; readonly type: T } {
  return { name: names[index] ?? '', type };
}

/** Names that differ in every spelling. */
function labels(minLength: number, maxLength: number): fc.Arbitrary<readonly string[]> {
  const label = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...LABELS) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 99 }).map((number) => `n${number}`) },
  );
  return fc.uniqueArray(label, {
    minLength,
    maxLength,
    selector: (name) => name.replaceAll('-', '').toLowerCase(),
  });
}
