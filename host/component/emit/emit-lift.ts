/**
 * Emits the function through which the host calls a function that a component exports.
 *
 * `eN` takes and gives values of the host; `gN` is its second half, from the core result on, which comes
 * later: every call can be suspended, if only because the guest has run for long enough. What goes wrong ends
 * the instance; the `err` of a WIT `result` does not.
 */
import type { Lift } from '../plan.ts';
import type { Emission, Scope } from './emission.ts';
import { liftResult, lowerParameters } from './emit-call.ts';
import { FunctionBody } from './function-body.ts';
import { signatureOf } from './signature.ts';

/** A lifted function. */
export interface LiftParts {
  /** Number among the lifts: its core function, called so that it can be suspended, is `y` and this; its post-return function `q` and this. */
  readonly index: number;
  readonly lift: Lift;
  readonly scope: Scope;
}

/** Emits it. */
export function emitLift(emission: Emission, { index, lift, scope }: LiftParts): string {
  const signature = signatureOf(lift.type, emission.types);
  const values = signature.parameters.map((_, position) => `p${position}`);
  const call = new FunctionBody();
  call.add(`${scope.state}.enter();`);
  if (signature.usesMemory) call.add(`${scope.memory}.begin();`);
  const core = lowerParameters(emission, scope, call, signature, values).join(',');
  const give =
    signature.result?.type.kind === 'result'
      ? `if(r.tag==='err')throw new WitError(r.val);return r.val`
      : 'return r';
  const finish = new FunctionBody('w');
  if (signature.usesMemory) finish.add(`${scope.memory}.begin();`);
  finish.add(`r=${liftResult(emission, scope, finish, signature, 'u')};`);
  const second = emitSecondHalf(index, lift, scope, finish.toString(), give);
  // An asynchronous function may be lifted synchronously: then it is done when it returns.
  const isAsync = lift.type.isAsync === true;
  const parameters = isAsync ? [...values, 'o'] : values;
  const told = isAsync ? `.then(${tellOf(lift)})` : '';
  return `${second}function e${index}(${parameters.join(',')}){z.checkLive();m.enter();try{${call.toString()}return y${index}(${core}).then(g${index},fail)${told}}catch(x){fail(x)}finally{m.leave()}}\n`;
}

/** Functions that tell whoever calls of the result, as an asynchronous lift does. */
function tellOf({ type }: Lift): string {
  if (type.result?.kind !== 'result') return 'r=>{o?.(r);return r}';
  const onError = `x=>{if(x instanceof WitError)o?.({tag:'err',val:x.payload});throw x}`;
  return `r=>{o?.({tag:'ok',val:r});return r},${onError}`;
}

/**
 * Emits the function through which the host calls one that is lifted asynchronously. Its last parameter is told of the
 * result as soon as there is one; its promise settles when the task is done. After it comes who calls, where several calls
 * of an instance may be under way. `dN` is the guest's callback.
 */
export function emitAsyncLift(emission: Emission, { index, lift, scope }: LiftParts): string {
  emission.usesAsync = true;
  const signature = signatureOf(lift.type, emission.types, 'async-lift');
  const values = signature.parameters.map((_, position) => `p${position}`);
  const call = new FunctionBody();
  if (signature.usesMemory) call.add(`${scope.memory}.begin();`);
  const core = lowerParameters(emission, scope, call, signature, values).join(',');
  const { result } = lift.type;
  const resultType = result === undefined ? -1 : emission.types.of(result).id;
  const give =
    result?.kind === 'result'
      ? `.then(r=>{if(r.tag==='err')throw new WitError(r.val);return r.val})`
      : '';
  const start = `()=>{${call.toString()}return y${index}(${core})}`;
  const parts = `{resultType:${resultType},start:${start},callback:d${index},onReturn:o,caller:c}`;
  return `function e${index}(${[...values, 'o', 'c'].join(',')}){z.checkLive();return ${scope.state}.async.tasks.run(${parts})${give}}\n`;
}

/** @param lifting Statements that put the result into `r`. */
function emitSecondHalf(
  index: number,
  lift: Lift,
  { state }: Scope,
  lifting: string,
  give: string,
): string {
  if (lift.options.postReturn !== undefined) {
    const finished = `()=>{try{${leavePostReturn(state)}}catch(x){fail(x)}${give}}`;
    return `function g${index}(u){let r;m.enter();try{${lifting}${enterPostReturn(state)}return q${index}(u).then(${finished},fail)}catch(x){fail(x)}finally{m.leave()}}\n`;
  }
  const body = `try{${lifting}${state}.exit();}catch(x){fail(x)}`;
  // Whoever returns nothing leaves nothing to be done for it.
  if (lift.type.result === undefined) return `function g${index}(u){let r;${body}${give}}\n`;
  return `function g${index}(u){let r;m.enter();${body}finally{m.leave()}${give}}\n`;
}

/** Statements before a post-return function is called. */
export function enterPostReturn(state: string): string {
  return `${state}.mayLeave=false;`;
}

/** Statements after it. */
export function leavePostReturn(state: string): string {
  return `${state}.mayLeave=true;${state}.exit();`;
}
