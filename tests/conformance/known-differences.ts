/**
 * Where jco 1.35 does not do what the specification says, as far as the corpus finds it: cases that one of
 * these applies to are held against the native engine alone. Each was looked at; a bug of ours has no place here.
 */
import type { FunctionType, ValueType } from '../../host/component/plan.ts';
import type { EchoCase } from './corpus.ts';
import { casesOf, fieldsOf, flatten } from './reference-layout.ts';

/** Something that jco does otherwise. */
export interface KnownDifference {
  readonly reason: string;
  readonly applies: (test: EchoCase) => boolean;
  /** The smallest case; undefined if it cannot be tried. */
  readonly example: EchoCase | undefined;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: 'its generator stops at latin1+utf16: "matches!(self.encoding, UTF8 | UTF16)"',
    applies: ({ encoding, behind }) => [encoding, behind].includes('latin1+utf16'),
    // A generator that has crashed once works for nobody in the process any more.
    example: undefined,
  },
  {
    reason: 'its TextDecoder drops U+FEFF at the beginning of a string',
    applies: ({ calls }) => someValue(calls, (value) => value.startsWith('\uFEFF')),
    example: echoing({ kind: 'string' }, '\uFEFF'),
  },
  {
    reason: 'between components it knows UTF-8 alone: else it spoils text, or its generator stops',
    applies: ({ encoding, behind }) =>
      behind !== undefined && (encoding !== 'utf8' || behind !== 'utf8'),
    example: { ...echoing({ kind: 'string' }, '\u07FF'), encoding: 'utf16', behind: 'utf8' },
  },
  {
    reason:
      'between components, a negative number that shares its place with a 64-bit one is positive',
    applies: ({ behind, functions }) => behind !== undefined && anyType(functions, isWideVariant),
    example: {
      ...echoing(
        {
          kind: 'variant',
          cases: [
            { name: 'a', type: { kind: 's32' } },
            { name: 'b', type: { kind: 'u64' } },
          ],
        },
        { tag: 'a', val: -1 },
      ),
      behind: 'utf8',
    },
  },
  {
    reason: 'it takes an option of an option of an option apart at the wrong level',
    applies: ({ functions }) => anyType(functions, isTripleOption),
    example: echoing(optionOf(optionOf(optionOf({ kind: 'bool' }))), {
      tag: 'some',
      val: { tag: 'none' },
    }),
  },
  {
    reason: 'it makes text of an error value, which fails where that has a field "to-string"',
    applies: ({ functions }) =>
      functions.some(
        ({ result }) =>
          result?.kind === 'result' &&
          result.err !== undefined &&
          someType(result.err, hasToString),
      ),
    example: echoing(
      { kind: 'result', ok: undefined, err: { kind: 'flags', names: ['to-string'] } },
      { tag: 'err', val: { toString: true } },
    ),
  },
];

/** A function that takes and gives one value. */
function echoing(type: ValueType, value: unknown): EchoCase {
  return {
    functions: [{ parameters: [{ name: 'p', type }], result: type }],
    encoding: 'utf8',
    behind: undefined,
    waits: false,
    calls: [[{ parameters: [value], result: value }]],
  };
}

function optionOf(some: ValueType): ValueType {
  return { kind: 'option', some };
}

function hasToString(type: ValueType): boolean {
  if (type.kind === 'flags') return type.names.includes('to-string');
  return type.kind === 'record' && type.fields.some(({ name }) => name === 'to-string');
}

function isWideVariant(type: ValueType): boolean {
  return casesOf(type) !== undefined && flatten(type).includes('i64');
}

function isTripleOption(type: ValueType): boolean {
  return type.kind === 'option' && type.some.kind === 'option' && type.some.some.kind === 'option';
}

/** Whether any type of any function fits. */
function anyType(functions: readonly FunctionType[], fits: (type: ValueType) => boolean): boolean {
  return functions.some(({ parameters, result }) =>
    [...parameters.map(({ type }) => type), result].some(
      (type) => type !== undefined && someType(type, fits),
    ),
  );
}

/** Whether a type or a type inside it fits. */
function someType(type: ValueType, fits: (type: ValueType) => boolean): boolean {
  const parts = [
    ...(fieldsOf(type) ?? []),
    ...(casesOf(type) ?? []),
    ...(type.kind === 'list' ? [type.element] : []),
  ];
  return fits(type) || parts.some((part) => part !== undefined && someType(part, fits));
}

/** Whether a string anywhere in a value fits. */
function someValue(value: unknown, fits: (text: string) => boolean): boolean {
  if (typeof value === 'string') return fits(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  return Object.values(value).some((part) => someValue(part, fits));
}
