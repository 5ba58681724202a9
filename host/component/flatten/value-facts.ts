/**
 * What the canonical ABI must know of value types: the core values they flatten to, and whether strings,
 * lists or borrowed handles are in them. Combined from the facts of their parts, so a type of a million
 * parts costs what its definition costs.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flattening
 */
import type { CoreSignature, CoreValueType } from './core-interface.ts';
import type { FunctionTypeItem, ValueFacts } from './items.ts';
import type { PrimitiveKind } from '../plan.ts';

/** Most core values as parameters, and as a result; more are passed in memory. */
const MAX_FLAT_PARAMETERS = 16;
const MAX_FLAT_RESULTS = 1;
/** The same for functions that are called asynchronously. */
const MAX_FLAT_ASYNC_PARAMETERS = 4;
/** What a type takes in the plan beside its names and parts: `{"kind":"variant","cases":[]}`. */
const PLAN_BYTES = 32;

const FLAT_PRIMITIVES: Readonly<Record<PrimitiveKind, readonly CoreValueType[]>> = {
  bool: ['i32'],
  s8: ['i32'],
  u8: ['i32'],
  s16: ['i32'],
  u16: ['i32'],
  s32: ['i32'],
  u32: ['i32'],
  s64: ['i64'],
  u64: ['i64'],
  f32: ['f32'],
  f64: ['f64'],
  char: ['i32'],
  string: ['i32', 'i32'],
};

/** Facts of a primitive type. */
export function factsOfPrimitive(kind: PrimitiveKind): ValueFacts {
  return { ...LEAF, flat: FLAT_PRIMITIVES[kind], hasPointers: kind === 'string' };
}

/** Facts of a list. */
export function factsOfList(element: ValueFacts): ValueFacts {
  return { ...combine([element]), flat: ['i32', 'i32'], hasPointers: true };
}

/** Facts of a handle. */
export function factsOfHandle(isBorrow: boolean): ValueFacts {
  return { ...LEAF, hasBorrows: isBorrow };
}

/** Facts of a stream or future. @param payload What it carries. */
export function factsOfEnd(payload: ValueFacts | undefined): ValueFacts {
  const { planBytes, depth } = combine(payload === undefined ? [] : [payload]);
  return { ...LEAF, hasEnds: true, planBytes, depth };
}

/** Facts of an enum or flags. @param nameBytes Length of all names. */
export function factsOfNames(names: readonly string[]): ValueFacts {
  return { ...LEAF, planBytes: PLAN_BYTES + bytesOfNames(names) };
}

/** Facts of a record, a tuple, or a list of parameters. */
export function factsOfProduct(
  parts: readonly ValueFacts[],
  names: readonly string[] = [],
): ValueFacts {
  const flat: CoreValueType[] = [];
  let fits = true;
  for (const part of parts) {
    fits &&= part.flat !== undefined && flat.length + part.flat.length <= MAX_FLAT_PARAMETERS;
    if (!fits) break;
    flat.push(...(part.flat ?? []));
  }
  return { ...combine(parts, names), flat: fits ? flat : undefined };
}

/** Facts of a variant, an option or a result. */
export function factsOfSum(
  cases: readonly (ValueFacts | undefined)[],
  names: readonly string[] = [],
): ValueFacts {
  const payloads = cases.filter((one) => one !== undefined);
  const joined: CoreValueType[] = [];
  let fits = true;
  for (const { flat } of payloads) {
    fits &&= flat !== undefined && flat.length < MAX_FLAT_PARAMETERS;
    if (!fits) break;
    for (const [index, type] of (flat ?? []).entries()) joined[index] = join(joined[index], type);
  }
  return { ...combine(payloads, names), flat: fits ? ['i32', ...joined] : undefined };
}

/** The signature of the core function that `canon lift` takes. */
export function liftSignature({ parameters, result }: FunctionTypeItem): CoreSignature {
  const flatResult = result === undefined ? [] : result.flat;
  const fits = flatResult !== undefined && flatResult.length <= MAX_FLAT_RESULTS;
  return { parameters: parameters.flat ?? ['i32'], results: fits ? flatResult : ['i32'] };
}

/** The signature of the core function that `canon lower` makes. */
export function lowerSignature({ parameters, result }: FunctionTypeItem): CoreSignature {
  const flat = parameters.flat ?? ['i32'];
  const flatResult = result === undefined ? [] : result.flat;
  if (flatResult !== undefined && flatResult.length <= MAX_FLAT_RESULTS) {
    return { parameters: flat, results: flatResult };
  }
  // The caller says where the result is to be written.
  return { parameters: [...flat, 'i32'], results: [] };
}

/** The signature of the core function that `canon lift` with the option `async` and a callback takes. */
export function asyncLiftSignature({ parameters }: FunctionTypeItem): CoreSignature {
  return { parameters: parameters.flat ?? ['i32'], results: ['i32'] };
}

/** The signature of the core function that `canon lower` with the option `async` makes. */
export function asyncLowerSignature(type: FunctionTypeItem): CoreSignature {
  const { parameters, result } = spillsAsync(type);
  const flat = parameters ? ['i32' as const] : (type.parameters.flat ?? []);
  return { parameters: result ? [...flat, 'i32'] : flat, results: ['i32'] };
}

/** The signature of `task.return`, which takes a result as functions take parameters. */
export function taskReturnSignature(result: ValueFacts | undefined): CoreSignature {
  return { parameters: result === undefined ? [] : (result.flat ?? ['i32']), results: [] };
}

/** Like `spills`, of a function that is called asynchronously: it returns how far it is, not its result. */
export function spillsAsync({ parameters, result }: FunctionTypeItem): {
  readonly parameters: boolean;
  readonly result: boolean;
} {
  const { flat } = parameters;
  return {
    parameters: flat === undefined || flat.length > MAX_FLAT_ASYNC_PARAMETERS,
    result: result !== undefined,
  };
}

/** Whether parameters or results are passed in memory for being too many. */
export function spills({ parameters, result }: FunctionTypeItem): {
  readonly parameters: boolean;
  readonly result: boolean;
} {
  const flatResult = result === undefined ? [] : result.flat;
  return {
    parameters: parameters.flat === undefined,
    result: flatResult === undefined || flatResult.length > MAX_FLAT_RESULTS,
  };
}

const LEAF: ValueFacts = {
  flat: ['i32'],
  hasPointers: false,
  hasBorrows: false,
  hasEnds: false,
  planBytes: PLAN_BYTES,
  depth: 1,
};

function combine(parts: readonly ValueFacts[], names: readonly string[] = []): ValueFacts {
  let planBytes = PLAN_BYTES + bytesOfNames(names);
  let depth = 0;
  for (const part of parts) {
    planBytes += part.planBytes;
    depth = Math.max(depth, part.depth);
  }
  return {
    flat: undefined,
    hasPointers: parts.some((part) => part.hasPointers),
    hasBorrows: parts.some((part) => part.hasBorrows),
    hasEnds: parts.some((part) => part.hasEnds),
    planBytes,
    depth: depth + 1,
  };
}

function bytesOfNames(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + name.length + PLAN_BYTES, 0);
}

/** The core type that holds a value of either. */
function join(left: CoreValueType | undefined, right: CoreValueType): CoreValueType {
  if (left === undefined || left === right) return right;
  const is32 = (type: CoreValueType): boolean => type === 'i32' || type === 'f32';
  return is32(left) && is32(right) ? 'i32' : 'i64';
}
