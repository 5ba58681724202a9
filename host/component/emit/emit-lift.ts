/**
 * Emits the function through which the host calls a function that a component exports.
 *
 * `eN` takes and gives values of the host; `gN` is its second half, from the core result on, which may
 * come later. What goes wrong ends the instance; the `err` of a WIT `result` does not.
 */
import type { Lift } from '../plan.ts';
import type { Emission, Scope } from './emission.ts';
import { liftResult, lowerParameters } from './emit-call.ts';
import { FunctionBody } from './function-body.ts';
import { signatureOf } from './signature.ts';

/** A lifted function. */
export interface LiftParts {
  /** Number among the lifts: its core function is `x` and this, its post-return function `q` and this. */
  readonly index: number;
  readonly lift: Lift;
  readonly scope: Scope;
  /** Whether it is called so that the guest can be suspended; its promising core function is `y` and its number. */
  readonly suspends: boolean;
}

/** Emits it. */
export function emitLift(emission: Emission, { index, lift, scope, suspends }: LiftParts): string {
  const signature = signatureOf(lift.type, emission.types);
  const values = signature.parameters.map((_, position) => `p${position}`);
  const call = new FunctionBody();
  call.add(`${scope.state}.enter();`);
  if (signature.usesMemory) call.add(`${scope.memory}.begin();`);
  const core = lowerParameters(emission, scope, call, signature, values).join(',');
  const finish = new FunctionBody('w');
  finish.add('try{');
  if (signature.usesMemory) finish.add(`${scope.memory}.begin();`);
  const result = liftResult(emission, scope, finish, signature, 'u');
  finish.add(`r=${result};`);
  finish.add(afterReturn(index, lift, scope));
  finish.add('}catch(x){throw z.fail(x)}');
  const give =
    signature.result?.type.kind === 'result'
      ? `if(r.tag==='err')throw new WitError(r.val);return r.val`
      : 'return r';
  const second = `function g${index}(u){let r;${finish.toString()}${give}}\n`;
  const head = `function e${index}(${values.join(',')}){z.checkLive();`;
  const first = suspends
    ? `${head}try{${call.toString()}return y${index}(${core}).then(g${index},fail)}catch(x){fail(x)}}\n`
    : `${head}let u;try{${call.toString()}u=x${index}(${core})}catch(x){fail(x)}return g${index}(u)}\n`;
  return second + first;
}

/** Statements after a result was lifted: the guest may free it, and may be called again. */
export function afterReturn(index: number, lift: Lift, { state }: Pick<Scope, 'state'>): string {
  const postReturn =
    lift.options.postReturn === undefined
      ? ''
      : `${state}.mayLeave=false;q${index}(u);${state}.mayLeave=true;`;
  return `${postReturn}${state}.exit();`;
}
