/**
 * Makes what jco's glue throws end the instance.
 *
 * The glue throws plain JavaScript errors when a guest breaks a rule (a handle that does not exist, a bad
 * pointer), and a guest could catch those and go on. So every JavaScript function that a core module
 * imports stands behind a guard that turns whatever is thrown into an ending.
 *
 * And the glue loses errors: when a host function without an error of its own in WIT (`poll`) fails, the
 * promise that the glue gave V8 stays pending. V8 never collects a suspended stack, so every such promise
 * is tied to the guest, which settles it when it is ended.
 */
import { createEnding, endReasonOf } from '../../component/ending.ts';
import type { SuspendableGuest } from '../engine.ts';

type AnyFunction = (...parameters: unknown[]) => unknown;

/**
 * The `WebAssembly` object as the generated code of one instance sees it: functions that may suspend are
 * guarded where they are made, because nothing can be put around them afterwards.
 */
export function guardWebAssembly(guest: SuspendableGuest): object {
  return Object.create(WebAssembly, {
    Suspending: {
      value: function Suspending(target: AnyFunction): WebAssembly.Suspending {
        const guarded = guard(target);
        return new WebAssembly.Suspending((...parameters: unknown[]) => {
          const result = guarded(...parameters);
          return result instanceof Promise ? guest.suspend(result) : result;
        });
      },
    },
  }) as object;
}

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
