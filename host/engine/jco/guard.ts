/**
 * Stands between a guest and what jco generated for it: makes what the glue throws end the instance, and
 * measures guest code that the glue runs.
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
import type { GuestCpu } from '../../limits/guest-cpu.ts';
import type { SuspendableGuest } from '../engine.ts';

type AnyFunction = (...parameters: unknown[]) => unknown;

/** The guard of one instance. */
export class GuestGuard {
  /** How many functions outside the guest it has called so far, but from functions that the glue called itself. */
  calls = 0;
  /** Functions that the glue called itself (allocators, destructors) and that have not returned. */
  #nesting = 0;
  readonly #guest: SuspendableGuest;
  readonly #cpu: GuestCpu;
  /** The guest's function behind each one that the glue was given in its place. */
  readonly #guestFunctions = new WeakMap<object, AnyFunction>();

  constructor(guest: SuspendableGuest, cpu: GuestCpu) {
    this.#guest = guest;
    this.#cpu = cpu;
  }

  /**
   * The `WebAssembly` object as the glue sees it: functions that may suspend are guarded where they are
   * made, because nothing can be put around them afterwards, and those that a guest may be suspended in are measured.
   */
  webAssembly(): object {
    const suspending = (target: AnyFunction): WebAssembly.Suspending => this.#suspending(target);
    return Object.create(WebAssembly, {
      Suspending: {
        value: function Suspending(target: AnyFunction): WebAssembly.Suspending {
          return suspending(target);
        },
      },
      promising: {
        value: (target: AnyFunction): AnyFunction =>
          this.#measured(
            WebAssembly.promising(this.#guestFunctions.get(target) ?? target) as AnyFunction,
          ),
      },
    }) as object;
  }

  /**
   * What a core module is given in place of its imports: the glue's functions guarded, those of other
   * core instances as they are, because a JavaScript frame between two of them would make suspending impossible.
   */
  imports(imports: WebAssembly.Imports | undefined): WebAssembly.Imports | undefined {
    if (imports === undefined) return undefined;
    const guarded: WebAssembly.Imports = {};
    for (const [module, fields] of Object.entries(imports)) {
      const copy: Record<string, unknown> = {};
      for (const [field, value] of Object.entries(fields)) {
        copy[field] = typeof value === 'function' ? this.#import(value as AnyFunction) : value;
      }
      guarded[module] = copy;
    }
    return guarded;
  }

  /** What the glue is given in place of a core instance's exports: it calls some functions (allocators, destructors) itself. */
  exports(exports: WebAssembly.Exports): WebAssembly.Exports {
    const given: Record<string, WebAssembly.ExportValue> = {};
    for (const [name, value] of Object.entries(exports)) {
      given[name] = typeof value === 'function' ? this.#export(value as AnyFunction) : value;
    }
    return given;
  }

  #import(target: AnyFunction): unknown {
    const own = this.#guestFunctions.get(target);
    if (own !== undefined) return own;
    return this.#guarded(target);
  }

  #export(target: AnyFunction): AnyFunction {
    const measured = this.#measured(target);
    const nested: AnyFunction = (...parameters) => {
      this.#nesting += 1;
      try {
        return measured(...parameters);
      } finally {
        this.#nesting -= 1;
        if (this.#nesting === 0) this.#cpu.returned();
      }
    };
    this.#guestFunctions.set(nested, target);
    return nested;
  }

  #suspending(target: AnyFunction): WebAssembly.Suspending {
    const guarded = this.#guarded(target);
    return new WebAssembly.Suspending((...parameters: unknown[]) => {
      const result = guarded(...parameters);
      if (result instanceof Promise) return this.#untilTurn(this.#guest.suspend(result));
      this.#cpu.goOn();
      return result;
    });
  }

  /** Settles when it is the guest's turn to go on; with an ending at once, which only unwinds its stack. */
  #untilTurn(result: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      result.then((value) => this.#cpu.resume(() => resolve(value), reject), reject);
    });
  }

  #measured(target: AnyFunction): AnyFunction {
    return (...parameters) => {
      this.#cpu.enter();
      try {
        return target(...parameters);
      } finally {
        this.#cpu.leave();
      }
    };
  }

  #guarded(target: AnyFunction): AnyFunction {
    return (...parameters) => {
      if (this.#nesting === 0) this.calls += 1;
      try {
        const result = target(...parameters);
        return result instanceof Promise ? result.catch(endWith) : result;
      } catch (error) {
        return endWith(error);
      }
    };
  }
}

function endWith(error: unknown): never {
  throw endReasonOf(error) === undefined ? createEnding({ kind: 'trap', error }) : error;
}
