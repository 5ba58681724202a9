/**
 * Makes what jco's glue throws end the instance.
 *
 * The glue throws plain JavaScript errors when a guest breaks a rule (a handle that does not exist, a bad
 * pointer), and a guest could catch those and go on. So every JavaScript function that a core module
 * imports stands behind a guard that turns whatever is thrown into an ending.
 */
import { createEnding, endReasonOf } from '../../component/ending.ts';

type AnyFunction = (...parameters: unknown[]) => unknown;

/**
 * The `WebAssembly` object as generated code sees it: functions that may suspend are guarded where they
 * are made, because nothing can be put around them afterwards.
 */
export const guardedWebAssembly: object = Object.create(WebAssembly, {
  Suspending: {
    value: function Suspending(target: AnyFunction): WebAssembly.Suspending {
      return new WebAssembly.Suspending(guard(target));
    },
  },
});

/**
 * Guards the JavaScript functions among a core module's imports.
 *
 * @param guestFunctions Functions that are exports of core instances: they stay as they are, because a
 *   JavaScript frame between two of them would make suspending impossible.
 */
export function guardImports(
  imports: WebAssembly.Imports | undefined,
  guestFunctions: WeakSet<object>,
): WebAssembly.Imports | undefined {
  if (imports === undefined) return undefined;
  const guarded: WebAssembly.Imports = {};
  for (const [module, fields] of Object.entries(imports)) {
    const copy: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(fields)) {
      const isOurs = typeof value === 'function' && !guestFunctions.has(value);
      copy[field] = isOurs ? guard(value as AnyFunction) : value;
    }
    guarded[module] = copy;
  }
  return guarded;
}

function guard(target: AnyFunction): AnyFunction {
  return (...parameters) => {
    try {
      const result = target(...parameters);
      return result instanceof Promise ? result.catch(endWith) : result;
    } catch (error) {
      return endWith(error);
    }
  };
}

function endWith(error: unknown): never {
  throw endReasonOf(error) === undefined ? createEnding({ kind: 'trap', error }) : error;
}
