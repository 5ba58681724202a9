/** How a component function is called as a core function: what is passed flat and what through memory. */
import type { FunctionType } from '../plan.ts';
import {
  MAX_FLAT_ASYNC_PARAMETERS,
  MAX_FLAT_PARAMETERS,
  MAX_FLAT_RESULTS,
  type CoreType,
  type TypeInfo,
  type TypeTable,
} from './layout.ts';

/** A function's types as core code sees them. */
export interface Signature {
  readonly parameters: readonly TypeInfo[];
  /** Flat forms of all parameters; meaningless if they go through memory. */
  readonly flatParameters: readonly CoreType[];
  /** Set if the parameters go through memory: all of them as one tuple. */
  readonly parameterTuple: TypeInfo | undefined;
  readonly result: TypeInfo | undefined;
  /** Whether the result goes through memory. */
  readonly resultInMemory: boolean;
  /** Whether memory is used at all. */
  readonly usesMemory: boolean;
  /** Whether an owned handle may follow a borrowed one, which may be the same. */
  readonly ownsAfterBorrow: boolean;
}

/**
 * Reads a function's signature.
 *
 * @param abi How it is called: lowered asynchronously it has fewer flat parameters, and its result goes through memory;
 *   lifted asynchronously its core function gives no result.
 */
export function signatureOf(
  type: FunctionType,
  types: TypeTable,
  abi: 'sync' | 'async-lower' | 'async-lift' = 'sync',
): Signature {
  const parameters = type.parameters.map((parameter) => types.of(parameter.type));
  const flat = parameters.flatMap((info) => info.flat);
  const most = abi === 'async-lower' ? MAX_FLAT_ASYNC_PARAMETERS : MAX_FLAT_PARAMETERS;
  const inMemory = flat.length > most;
  const result =
    type.result === undefined || abi === 'async-lift' ? undefined : types.of(type.result);
  const resultInMemory =
    result !== undefined && (abi === 'async-lower' || result.flat.length > MAX_FLAT_RESULTS);
  const firstBorrow = parameters.findIndex((info) => info.hasBorrow);
  return {
    parameters,
    flatParameters: flat,
    parameterTuple: inMemory
      ? types.tuple(type.parameters.map((parameter) => parameter.type))
      : undefined,
    result,
    resultInMemory,
    usesMemory: inMemory || resultInMemory || parameters.some(pointsToMemory),
    ownsAfterBorrow: firstBorrow >= 0 && parameters.slice(firstBorrow).some((info) => info.hasOwn),
  };
}

/** Whether values of a type hold pointers. A flat result cannot: strings and lists are two core values. */
function pointsToMemory(info: TypeInfo): boolean {
  const { kind } = info.type;
  return (
    kind === 'string' ||
    kind === 'list' ||
    info.parts.some((part) => part !== undefined && pointsToMemory(part))
  );
}
