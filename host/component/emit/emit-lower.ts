/**
 * Emits the core function through which a guest calls a function of the host.
 *
 * A function that may block is two: one that lifts and calls, and one that lowers the outcome, at once
 * or when the promise has settled; `emit-detour.ts` stands between it and the guest. What the host throws is the `err` of a WIT `result`, or ends the instance.
 */
import type { ImportedFunction } from '../plan.ts';
import type { Emission, Scope } from './emission.ts';
import {
  coreParameters,
  liftParameters,
  lowerOutcome,
  lowerResult,
  resultPointer,
} from './emit-call.ts';
import { FunctionBody } from './function-body.ts';
import type { CoreType } from './layout.ts';
import { signatureOf, type Signature } from './signature.ts';

/** State of a call that has returned at once. */
const RETURNED = 2;

/** A lowered function. */
export interface LowerParts {
  /** Number among the trampolines: its name is `t` and this. */
  readonly index: number;
  /** Index of the imported function: the host's is `h` and this. */
  readonly importIndex: number;
  readonly imported: ImportedFunction;
  readonly scope: Scope;
  /** Number of the host's function that takes lists where they are, if there is one. */
  readonly onMemory: number | undefined;
  /** Whether the host's function may return a promise. */
  readonly blocking: boolean;
  /** Whether the guest goes on while it is under way. */
  readonly isAsync: boolean;
}

/** Emits it. */
export function emitLower(emission: Emission, parts: LowerParts): string {
  const { index, importIndex, imported, scope, blocking, isAsync } = parts;
  const signature = signatureOf(imported.type, emission.types, isAsync ? 'async-lower' : 'sync');
  const isResult = signature.result?.type.kind === 'result';
  const call = new FunctionBody();
  call.add(`${scope.state}.leaveTo(${importIndex});`);
  if (blocking && !isAsync) call.add('z.checkMayWait();');
  if (signature.usesMemory) call.add(`${scope.memory}.begin();`);
  const onMemory = takesMemory(signature, scope, isAsync) ? parts.onMemory : undefined;
  const values = liftParameters(emission, scope, call, signature, onMemory !== undefined);
  const host = hostCall(parts, values, onMemory);
  call.add(
    isResult ? `let r,k=0;try{r=${host}}catch(x){r=errorValueOf(x);k=1}` : `const r=${host};`,
  );
  const finish = new FunctionBody('w');
  if ((blocking || isAsync) && signature.usesMemory) finish.add(`${scope.memory}.begin();`);
  if (isResult) lowerOutcome(emission, scope, finish, signature, 'k', 'r');
  else lowerResult(emission, scope, finish, signature, 'r');
  const parameters = coreParameters(signature).join(',');
  if (!blocking && !isAsync)
    return guarded(index, parameters, `${call.toString()}${finish.toString()}`);
  const pointer = signature.resultInMemory ? [resultPointer(signature)] : [];
  const pass = (outcome: string, isError: string): string =>
    `f${index}(${[outcome, ...(isResult ? [isError] : []), ...pointer].join(',')})`;
  const onError = isResult ? `x=>${pass('errorValueOf(x)', '1')}` : 'x=>{throw x}';
  const wait = `r,x=>${pass('x', '0')},${onError}`;
  if (isAsync) {
    emission.usesAsync = true;
    // Lowered when the guest is told of it, which may be long after.
    const lower = `{onValue:x=>{${pass('x', '0')}},onError:${onError}}`;
    call.add(`if(r instanceof Promise)return ${scope.state}.async.startCall(r,${lower});`);
    call.add(`${pass('r', 'k')};return ${RETURNED};`);
  } else if (takesDetour(signature)) {
    call.add(`if(r instanceof Promise)return z.waitNext(${wait});${pass('r', 'k')};return 0;`);
  } else {
    call.add(`if(r instanceof Promise)return z.wait(${wait});`);
    call.add(`const w=${pass('r', 'k')};z.run.goOn();return w;`);
  }
  const inputs = ['r', ...(isResult ? ['k'] : []), ...pointer].join(',');
  return `function f${index}(${inputs}){${finish.toString()}}\n${guarded(index, parameters, call.toString())}`;
}

/** Source of the call; a function on memory takes that before its values. */
function hostCall(
  { importIndex, imported, scope }: LowerParts,
  values: readonly string[],
  onMemory: number | undefined,
): string {
  const isMethod = imported.name.startsWith('[method]');
  const host = `h${onMemory ?? importIndex}`;
  const memory = onMemory === undefined ? [] : [scope.memory];
  if (!isMethod) return `${host}(${['G', ...memory, ...values].join(',')})`;
  const [self = '', ...others] = values;
  return `${host}.call(${[self, ...memory, ...others].join(',')})`;
}

/** Whether pointers can be passed on: they are in the core parameters, and text is UTF-8. */
function takesMemory(
  { parameterTuple }: Signature,
  { encoding }: Scope,
  isAsync: boolean,
): boolean {
  return parameterTuple === undefined && encoding === 'utf8' && !isAsync;
}

/** Whether a function that may block is called by `emit-detour.ts`: its core form has no result of its own. */
export function takesDetour({ result, resultInMemory }: Signature): boolean {
  return result === undefined || resultInMemory;
}

/** Types of the core parameters, in the order of their names. */
export function coreParameterTypes(signature: Signature): readonly CoreType[] {
  const values = signature.parameterTuple === undefined ? signature.flatParameters : POINTER;
  return signature.resultInMemory ? [...values, ...POINTER] : values;
}

const POINTER: readonly CoreType[] = ['i32'];

/** A function that a guest calls: whatever is thrown in it ends the instance. */
export function guarded(index: number, parameters: string, body: string): string {
  return `function t${index}(${parameters}){try{${body}}catch(x){throw toEnding(x)}}\n`;
}
