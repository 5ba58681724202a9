/**
 * The four halves that lowered, lifted and adapted functions are made of: parameters and results, on the
 * side of the guest that passes or takes them as core values.
 */
import type { Emission, Scope } from './emission.ts';
import type { FunctionBody } from './function-body.ts';
import type { TypeInfo } from './layout.ts';
import { Lifter, type CoreValue } from './lift.ts';
import { Lowerer } from './lower.ts';
import { storeUnsigned, at } from './scalars.ts';
import type { Signature } from './signature.ts';

/** Name of the core parameter at an index. */
export function coreParameter(index: number): string {
  return `a${index}`;
}

/** Core parameters of a function that a guest calls: flat values or a pointer, then where the result goes. */
export function coreParameters(signature: Signature): string[] {
  const count = signature.parameterTuple === undefined ? signature.flatParameters.length : 1;
  return Array.from({ length: count + (signature.resultInMemory ? 1 : 0) }, (_, index) =>
    coreParameter(index),
  );
}

/** Where the guest wants the result of a function that it calls. */
export function resultPointer(signature: Signature): string {
  return coreParameter(
    signature.parameterTuple === undefined ? signature.flatParameters.length : 1,
  );
}

/**
 * Lifts the parameters of a function that a guest calls; gives an expression for each.
 *
 * @param onMemory Whether strings, byte lists and lists of borrows are passed on as they came: pointer and length, two
 *   expressions, and for borrows a third, the number of the resource.
 */
export function liftParameters(
  emission: Emission,
  scope: Scope,
  body: FunctionBody,
  signature: Signature,
  onMemory = false,
): string[] {
  const lends = signature.ownsAfterBorrow;
  const lifter = new Lifter(emission, scope, lends);
  let values: string[];
  if (signature.parameterTuple === undefined) {
    let next = 0;
    values = signature.parameters.flatMap((info) => {
      const core = info.flat.map((type): CoreValue => {
        next += 1;
        return { expression: coreParameter(next - 1), type };
      });
      if (onMemory && isBytes(info)) return core.map(({ expression }) => expression);
      const borrowed = onMemory ? borrowedBy(info) : undefined;
      if (borrowed !== undefined)
        return [...core.map(({ expression }) => expression), String(borrowed)];
      return lifter.fromFlat(body, info, core);
    });
  } else {
    const { size, align, offsets } = signature.parameterTuple;
    const start = body.keep(`${scope.memory}.check(${coreParameter(0)},${size},${align})`);
    values = signature.parameters.map((info, index) =>
      body.keep(lifter.fromMemory(info, at(start, offsets[index] ?? 0))),
    );
  }
  if (lends) body.add(`${scope.state}.unlend();`);
  return values;
}

/**
 * Lowers the parameters of a guest's function.
 *
 * @param values An expression without effects for each.
 * @returns The core values to call it with.
 */
export function lowerParameters(
  emission: Emission,
  scope: Scope,
  body: FunctionBody,
  signature: Signature,
  values: readonly string[],
): string[] {
  const lowerer = new Lowerer(emission, scope);
  const { parameterTuple } = signature;
  if (parameterTuple === undefined) {
    return signature.parameters.flatMap((info, index) =>
      lowerer.toFlat(body, info, values[index] ?? 'undefined'),
    );
  }
  const { size, align, offsets } = parameterTuple;
  const start = body.keep(`${scope.memory}.allocate(${size},${align})`);
  for (const [index, info] of signature.parameters.entries()) {
    lowerer.toMemory(body, info, at(start, offsets[index] ?? 0), values[index] ?? 'undefined');
  }
  return [start];
}

/** Lifts the result of a guest's function from its core result; gives an expression. */
export function liftResult(
  emission: Emission,
  scope: Scope,
  body: FunctionBody,
  signature: Signature,
  core: string,
): string {
  const { result } = signature;
  if (result === undefined) return 'undefined';
  const lifter = new Lifter(emission, scope);
  if (signature.resultInMemory) {
    const start = body.keep(`${scope.memory}.check(${core},${result.size},${result.align})`);
    return body.keep(lifter.fromMemory(result, start));
  }
  return lifter.fromFlat(
    body,
    result,
    result.flat.map((type) => ({ expression: core, type })),
  );
}

/** Lowers the result of a function that a guest called, and returns it. */
export function lowerResult(
  emission: Emission,
  scope: Scope,
  body: FunctionBody,
  signature: Signature,
  value: string,
): void {
  const { result } = signature;
  if (result === undefined) return;
  const lowerer = new Lowerer(emission, scope);
  if (signature.resultInMemory) {
    const pointer = resultPointer(signature);
    const start = body.keep(`${scope.memory}.claim(${pointer},${result.size},${result.align})`);
    lowerer.toMemory(body, result, start, value);
    return;
  }
  body.add(`return ${lowerer.toFlat(body, result, value)[0] ?? '0'};`);
}

/**
 * Lowers what a host function gave for a WIT `result`: it returns the value of `ok` and throws that of `err`.
 *
 * @param isError Expression: 0 or 1, the discriminant.
 * @param value Expression of the payload.
 */
export function lowerOutcome(
  emission: Emission,
  scope: Scope,
  body: FunctionBody,
  signature: Signature,
  isError: string,
  value: string,
): void {
  const { result } = signature;
  if (result === undefined) return;
  if (!signature.resultInMemory) {
    body.add(`return ${isError};`);
    return;
  }
  const { memory } = scope;
  const lowerer = new Lowerer(emission, scope);
  const pointer = resultPointer(signature);
  const start = body.keep(`${memory}.claim(${pointer},${result.size},${result.align})`);
  body.add(storeUnsigned(memory, 1, start, isError));
  const [ok, err] = result.parts;
  const [okOffset = 0, errOffset = 0] = result.offsets;
  body.add(`if(${isError}===0){`);
  if (ok !== undefined) lowerer.toMemory(body, ok, at(start, okOffset), value);
  body.add('}else{');
  if (err !== undefined) lowerer.toMemory(body, err, at(start, errOffset), value);
  body.add('}');
}

/** Number of the resource that a list borrows, if it is such a list. */
function borrowedBy({ type, parts: [element] }: TypeInfo): number | undefined {
  if (type.kind !== 'list' || element?.type.kind !== 'borrow') return undefined;
  return element.type.resource;
}

/** Whether a value is a range of bytes in memory. */
function isBytes({ type, parts: [element] }: TypeInfo): boolean {
  return type.kind === 'string' || (type.kind === 'list' && element?.type.kind === 'u8');
}
