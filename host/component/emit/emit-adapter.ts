/**
 * Emits the core function through which one component of a composition calls another: the values are
 * lifted from the one and lowered into the other.
 *
 * If anything in the composition may block, the caller is suspended while the other runs.
 */
import type { Lift } from '../plan.ts';
import type { Emission, Scope } from './emission.ts';
import {
  coreParameters,
  liftParameters,
  liftResult,
  lowerParameters,
  lowerResult,
  resultPointer,
} from './emit-call.ts';
import { guarded } from './emit-lower.ts';
import { afterReturn } from './emit-lift.ts';
import { FunctionBody } from './function-body.ts';
import { signatureOf } from './signature.ts';

/** An adapter. */
export interface AdapterParts {
  /** Number among the trampolines. */
  readonly index: number;
  /** The component that calls. */
  readonly caller: Scope;
  readonly liftIndex: number;
  readonly lift: Lift;
  /** The component that is called. */
  readonly callee: Scope;
  readonly suspends: boolean;
}

/** Emits it. */
export function emitAdapter(emission: Emission, parts: AdapterParts): string {
  const { index, caller, liftIndex, lift, callee, suspends } = parts;
  const signature = signatureOf(lift.type, emission.types);
  const call = new FunctionBody();
  call.add(`${caller.state}.leave();`);
  if (signature.usesMemory) call.add(`${caller.memory}.begin();`);
  const values = liftParameters(emission, caller, call, signature);
  call.add(`${callee.state}.enter();`);
  if (signature.usesMemory) call.add(`${callee.memory}.begin();`);
  const core = lowerParameters(emission, callee, call, signature, values).join(',');
  const pointer = signature.resultInMemory ? [resultPointer(signature)] : [];
  const finish = new FunctionBody('w');
  if (signature.usesMemory) finish.add(`${callee.memory}.begin();`);
  const result = liftResult(emission, callee, finish, signature, 'u');
  finish.add(afterReturn(liftIndex, lift, callee));
  if (signature.usesMemory) finish.add(`${caller.memory}.begin();`);
  lowerResult(emission, caller, finish, signature, result);
  const pass = (value: string): string => `f${index}(${[value, ...pointer].join(',')})`;
  call.add(
    suspends
      ? `return z.wait(y${liftIndex}(${core}),x=>${pass('x')},x=>{throw x});`
      : `return ${pass(`x${liftIndex}(${core})`)};`,
  );
  const parameters = coreParameters(signature).join(',');
  const second = `function f${index}(${['u', ...pointer].join(',')}){${finish.toString()}}\n`;
  return second + guarded(index, parameters, call.toString());
}
