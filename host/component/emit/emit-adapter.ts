/**
 * Emits the core function through which one component of a composition calls another: the values are
 * lifted from the one and lowered into the other.
 *
 * The caller is suspended while the other runs, because that one may be suspended: V8 could not suspend two
 * guests with the adapter's own frame between them.
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
import { enterPostReturn, leavePostReturn } from './emit-lift.ts';
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
}

/** Emits it. */
export function emitAdapter(emission: Emission, parts: AdapterParts): string {
  const { index, caller, liftIndex, lift, callee } = parts;
  const signature = signatureOf(lift.type, emission.types);
  const call = new FunctionBody();
  call.add(`${caller.state}.leave();`);
  if (signature.usesMemory) call.add(`${caller.memory}.begin();`);
  const values = liftParameters(emission, caller, call, signature);
  call.add(`${callee.state}.enter();`);
  if (signature.usesMemory) call.add(`${callee.memory}.begin();`);
  const core = lowerParameters(emission, callee, call, signature, values).join(',');
  const pointer = signature.resultInMemory ? [resultPointer(signature)] : [];
  const lifting = new FunctionBody('w');
  if (signature.usesMemory) lifting.add(`${callee.memory}.begin();`);
  const result = liftResult(emission, callee, lifting, signature, 'u');
  const lowering = new FunctionBody('v');
  if (signature.usesMemory) lowering.add(`${caller.memory}.begin();`);
  const pass = (value: string): string => `f${index}(${[value, ...pointer].join(',')})`;
  const inputs = ['u', ...pointer].join(',');
  const parameters = coreParameters(signature).join(',');
  let halves: string;
  let returned = `y${liftIndex}(${core})`;
  if (lift.options.postReturn === undefined) {
    lifting.add(`${callee.state}.exit();`);
    lowerResult(emission, caller, lowering, signature, result);
    halves = `function f${index}(${inputs}){${lifting.toString()}${lowering.toString()}}\n`;
  } else {
    // Between the two halves the callee's post-return function runs, and may be suspended.
    const finished = `()=>{${leavePostReturn(callee.state)}return r}`;
    halves =
      `function k${index}(u){m.enter();try{${lifting.toString()}const r=${result};` +
      `${enterPostReturn(callee.state)}return q${liftIndex}(u).then(${finished})}finally{m.leave()}}\n`;
    lowerResult(emission, caller, lowering, signature, 'u');
    halves += `function f${index}(${inputs}){${lowering.toString()}}\n`;
    returned += `.then(k${index})`;
  }
  call.add(`return z.wait(${returned},x=>${pass('x')},x=>{throw x});`);
  return halves + guarded(index, parameters, call.toString());
}
