/** Emits the built-in functions of the asynchronous ABI: calls of `abi/async/`, with values lifted and lowered. */
import type { AsyncBuiltin } from '../plan.ts';
import type { Emission, Scope } from './emission.ts';
import { coreParameters, liftParameters } from './emit-call.ts';
import { guarded } from './emit-lower.ts';
import { FunctionBody } from './function-body.ts';
import type { TypeInfo } from './layout.ts';
import { Lifter } from './lift.ts';
import { Lowerer } from './lower.ts';
import { isScalar } from './scalars.ts';
import { signatureOf } from './signature.ts';

/** Codes of the events of each end: which end a handle must be. */
const READ_EVENT = Object.freeze({ stream: 2, future: 4 });
const WRITE_EVENT = Object.freeze({ stream: 3, future: 5 });

/** Whether a built-in suspends its caller. */
export function isSuspendingBuiltin({ builtin, options }: AsyncBuiltin): boolean {
  if (builtin === 'waitable-set-wait' || builtin === 'thread-yield') return true;
  return /^(?:stream|future)-(?:read|write)$/.test(builtin) && options.isAsync !== true;
}

/**
 * Emits one.
 *
 * @param index Number among the trampolines.
 * @param scope Of the component that calls it, with the memory of its options.
 */
export function emitAsyncBuiltin(
  emission: Emission,
  index: number,
  trampoline: AsyncBuiltin,
  scope: Scope,
): string {
  emission.usesAsync = true;
  const { builtin } = trampoline;
  const { state, memory } = scope;
  const runtime = `${state}.async`;
  if (builtin === 'context-get') return guarded(index, '', `return ${runtime}.tasks.context`);
  if (builtin === 'context-set') return guarded(index, 'a0', `${runtime}.tasks.context=a0`);
  if (builtin === 'task-return') return emitTaskReturn(emission, index, trampoline, scope);
  const [sort, operation] = splitName(builtin);
  const leave = `${state}.leave();`;
  if (sort !== undefined) {
    return emitEndOperation(emission, index, trampoline, scope, sort, operation);
  }
  if (builtin === 'waitable-set-wait') {
    const wait = suspending(`${runtime}.setWait(a0,${memory},a1)`);
    return guarded(index, 'a0,a1', `${leave}${wait}`);
  }
  const [parameters, call] = PLAIN_CALLS[builtin as PlainCall];
  return guarded(index, parameters, `${leave}return ${runtime}.${call.replace('$', memory)}`);
}

/** Built-ins that are one call: core parameters, and the call with `$` for the memory. */
const PLAIN_CALLS = {
  'task-cancel': ['', 'tasks.cancel()'],
  'backpressure-inc': ['', 'tasks.backpressure(1)'],
  'backpressure-dec': ['', 'tasks.backpressure(-1)'],
  'thread-yield': ['', 'yield()'],
  'subtask-cancel': ['a0', 'callCancel(a0)'],
  'subtask-drop': ['a0', 'callDrop(a0)'],
  'waitable-set-new': ['', 'setNew()'],
  'waitable-set-poll': ['a0,a1', 'setPoll(a0,$,a1)'],
  'waitable-set-drop': ['a0', 'setDrop(a0)'],
  'waitable-join': ['a0,a1', 'join(a0,a1)'],
} as const;

type PlainCall = keyof typeof PLAIN_CALLS;

function emitTaskReturn(
  emission: Emission,
  index: number,
  { payload }: AsyncBuiltin,
  scope: Scope,
): string {
  const parameters = payload === undefined ? [] : [{ name: 'result', type: payload }];
  const signature = signatureOf({ parameters, result: undefined }, emission.types);
  const body = new FunctionBody();
  body.add(`${scope.state}.leave();`);
  if (signature.usesMemory) body.add(`${scope.memory}.begin();`);
  const [value = 'undefined'] = liftParameters(emission, scope, body, signature);
  const type = payload === undefined ? -1 : emission.types.of(payload).id;
  body.add(`${scope.state}.async.tasks.return(${type},${value});`);
  return guarded(index, coreParameters(signature).join(','), body.toString());
}

function emitEndOperation(
  emission: Emission,
  index: number,
  { payload, options }: AsyncBuiltin,
  scope: Scope,
  sort: 'stream' | 'future',
  operation: string,
): string {
  const { state, memory } = scope;
  const runtime = `${state}.async`;
  const { id } = emission.types.of({ kind: sort, payload });
  const info = payload === undefined ? undefined : emission.types.of(payload);
  const leave = `${state}.leave();`;
  const side = operation.endsWith('read') || operation.endsWith('readable') ? 'read' : 'write';
  const event = side === 'read' ? READ_EVENT[sort] : WRITE_EVENT[sort];
  switch (operation) {
    case 'new':
      return guarded(index, '', `${leave}return ${runtime}.${sort}New(${id})`);
    case 'cancel-read':
    case 'cancel-write':
      return guarded(index, 'a0', `${leave}return ${runtime}.cancel(a0,${id},${event})`);
    case 'drop-readable':
    case 'drop-writable':
      return guarded(index, 'a0', `${leave}${runtime}.drop(a0,${id},${event})`);
    default: {
      const begin = info === undefined ? '' : `${memory}.begin();`;
      const call =
        sort === 'stream'
          ? `${runtime}.stream${side === 'read' ? 'Read' : 'Write'}(a0,${id},${memory},a1,a2,${info?.size ?? 0})`
          : `${runtime}.future${side === 'read' ? 'Read' : 'Write'}(a0,${id},${memory},a1,${info?.size ?? 0},${info?.align ?? 1},${transfer(emission, scope, side, info)},${info === undefined || isScalar(info)})`;
      const parameters = sort === 'stream' ? 'a0,a1,a2' : 'a0,a1';
      const done =
        options.isAsync === true
          ? `return ${call}|0`
          : suspending(`${runtime}.finish(a0,${call}|0)`);
      return guarded(index, parameters, `${leave}${begin}${done}`);
    }
  }
}

/** The function that lifts or lowers the value of a future. */
function transfer(
  emission: Emission,
  scope: Scope,
  side: 'read' | 'write',
  info: TypeInfo | undefined,
): string {
  if (info === undefined) return 'undefined';
  if (side === 'write') {
    return `p=>{${scope.memory}.begin();return ${new Lifter(emission, scope).fromMemory(info, 'p')}}`;
  }
  const body = new FunctionBody();
  new Lowerer(emission, scope).toMemory(body, info, 'p', 'v');
  return `(p,v)=>{${scope.memory}.begin();${body.toString()}}`;
}

function suspending(call: string): string {
  return `const w=${call};if(!(w instanceof Promise))z.run.goOn();return w`;
}

function splitName(builtin: string): [sort: 'stream' | 'future' | undefined, operation: string] {
  for (const sort of ['stream', 'future'] as const) {
    if (builtin.startsWith(`${sort}-`)) return [sort, builtin.slice(sort.length + 1)];
  }
  return [undefined, builtin];
}
