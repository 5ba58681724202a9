/**
 * Built-in functions of the asynchronous ABI → trampolines, with the same checks as for other canonical functions.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-taskreturn
 */
import type {
  AsyncCanonDefinition,
  EndOperation,
  PlainBuiltin,
  TypedBuiltin,
} from '../decode/decoded-component.ts';
import { unsupported } from '../decode/unsupported.ts';
import type { AsyncBuiltin, CanonOptions, PrimitiveKind, ValueType } from '../plan.ts';
import { checkGiven, resolveOptions } from './canon-options.ts';
import type { CoreSignature } from './core-interface.ts';
import type { Environment } from './environment.ts';
import type { Flattening } from './flattening.ts';
import { malformedAt } from './malformed-at.ts';
import { resolveValue } from './resolve-value.ts';
import { taskReturnSignature } from './value-facts.ts';

const NOTHING: CoreSignature = { parameters: [], results: [] };
const TAKES_I32: CoreSignature = { parameters: ['i32'], results: [] };
const GIVES_I32: CoreSignature = { parameters: [], results: ['i32'] };
const I32_TO_I32: CoreSignature = { parameters: ['i32'], results: ['i32'] };
const TWO_TO_I32: CoreSignature = { parameters: ['i32', 'i32'], results: ['i32'] };
const THREE_TO_I32: CoreSignature = { parameters: ['i32', 'i32', 'i32'], results: ['i32'] };

const PLAIN: Readonly<Record<PlainBuiltin, CoreSignature>> = {
  'task-cancel': NOTHING,
  'context-get': GIVES_I32,
  'context-set': TAKES_I32,
  'backpressure-inc': NOTHING,
  'backpressure-dec': NOTHING,
  'thread-yield': GIVES_I32,
  'subtask-cancel': I32_TO_I32,
  'subtask-drop': TAKES_I32,
  'waitable-set-new': GIVES_I32,
  'waitable-set-wait': TWO_TO_I32,
  'waitable-set-poll': TWO_TO_I32,
  'waitable-set-drop': TAKES_I32,
  'waitable-join': { parameters: ['i32', 'i32'], results: [] },
};

/** Streams of these are copied within a guest as they are. */
const NUMBERS: ReadonlySet<ValueType['kind']> = new Set<PrimitiveKind>([
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
]);

/**
 * Adds a built-in to the core functions.
 *
 * @param at Offset of the definition, for errors.
 * @throws {malformed_wasm} If its type or options do not fit it.
 * @throws {unsupported_by_native} If it is for streams of other values than numbers.
 */
export function defineAsyncBuiltin(
  { builder }: Flattening,
  environment: Environment,
  canon: AsyncCanonDefinition,
  at: number,
): void {
  const options = resolveOptions(environment, canon.options, undefined, at);
  let payload: ValueType | undefined;
  let signature: CoreSignature;
  if (canon.kind === 'task-return') {
    const result =
      canon.result === undefined ? undefined : resolveValue(environment, canon.result, at);
    payload = result?.type;
    signature = taskReturnSignature(result?.facts);
    const inMemory = result !== undefined && result.facts.flat === undefined;
    const memory = inMemory || result?.facts.hasPointers === true;
    checkGiven(options, { memory, realloc: false }, at);
  } else if ('type' in canon) {
    payload = payloadOf(canon.kind, resolveValue(environment, canon.type, at).type, at);
    signature = typedSignature(canon.kind, options, payload, at);
  } else signature = PLAIN[canon.kind];
  const { component } = environment;
  const trampoline: AsyncBuiltin = {
    kind: 'async-builtin',
    component,
    builtin: canon.kind,
    payload,
    options,
  };
  const ref = builder.addTrampoline(trampoline);
  environment.define('core-func', { sort: 'core-func', ref, signature, is64: false });
}

function payloadOf(kind: TypedBuiltin, type: ValueType, at: number): ValueType | undefined {
  const sort = kind.startsWith('stream-') ? 'stream' : 'future';
  if (type.kind !== 'stream' && type.kind !== 'future') throw malformedAt(`a ${sort}`, at);
  if (type.kind !== sort) throw malformedAt(`a ${sort}`, at);
  const { payload } = type;
  if (sort === 'stream' && payload !== undefined && !NUMBERS.has(payload.kind)) {
    throw unsupported('streams of other values than numbers');
  }
  return payload;
}

function typedSignature(
  kind: TypedBuiltin,
  options: CanonOptions,
  payload: ValueType | undefined,
  at: number,
): CoreSignature {
  const operation = kind.replace(/^(?:stream|future)-/, '') as EndOperation;
  switch (operation) {
    case 'new':
      return { parameters: [], results: ['i64'] };
    case 'read':
    case 'write': {
      const realloc = operation === 'read' && payload !== undefined && holdsPointers(payload);
      checkGiven(options, { memory: payload !== undefined, realloc }, at);
      return kind.startsWith('stream-') ? THREE_TO_I32 : TWO_TO_I32;
    }
    case 'cancel-read':
    case 'cancel-write':
      return I32_TO_I32;
    case 'drop-readable':
    case 'drop-writable':
      return TAKES_I32;
  }
}

/** Whether a string or list is in it; bounded, as no type is larger than its limit when it is written out. */
function holdsPointers(type: ValueType): boolean {
  const { kind } = type;
  if (kind === 'string' || kind === 'list') return true;
  if (kind === 'record') return type.fields.some((field) => holdsPointers(field.type));
  if (kind === 'tuple') return type.items.some(holdsPointers);
  if (kind === 'option') return holdsPointers(type.some);
  const payloads =
    kind === 'variant'
      ? type.cases.map((one) => one.type)
      : kind === 'result'
        ? [type.ok, type.err]
        : [];
  return payloads.some((one) => one !== undefined && holdsPointers(one));
}
