/**
 * What all component instances of one live instance share: whether it has ended, and the destructors of
 * its own resources. Suspending the guest goes through here as well.
 *
 * Under a JavaScript frame (`cabi_realloc`, a destructor, a start function) nothing can be suspended: V8
 * refuses to call a function that might block there, before it is called.
 */
import { breakRule, isSuspendError, toEnding } from './rule.ts';

/** Runs when a resource that a component defines is dropped. */
export type Destructor = (representation: unknown) => unknown;

/** State of one live instance. */
export class InstanceState {
  /** By the number of the resource type. */
  readonly #destructors: (Destructor | undefined)[] = [];
  #ended = false;

  /** Before a call from outside. */
  checkLive(): void {
    if (this.#ended) breakRule('the instance has ended');
  }

  /** Marks the instance as ended by what went wrong, and gives what to throw: nothing runs in it any more. */
  fail(error: unknown): unknown {
    this.#ended = true;
    return isSuspendError(error) ? toEnding(error) : error;
  }

  /** The core instance that has a destructor exists now. */
  bindDestructor(type: number, destructor: unknown): void {
    if (typeof destructor === 'function') this.#destructors[type] = destructor as Destructor;
  }

  /** Runs the destructor of a resource type, if it has one. */
  destroy(type: number, representation: unknown): void {
    this.#destructors[type]?.(representation);
  }

  /**
   * Suspends the guest until a host function's promise settles.
   *
   * @param onValue Lowers what it resolved with and gives the core result.
   * @param onError Lowers what it rejected with, or throws.
   * @returns For `WebAssembly.Suspending`; rejects with endings only.
   */
  wait(
    promise: Promise<unknown>,
    onValue: (value: unknown) => unknown,
    onError: (error: unknown) => unknown,
  ): Promise<unknown> {
    return promise.then(
      (value) => orEnd(onValue, value),
      (error: unknown) => orEnd(onError, error),
    );
  }
}

function orEnd(lower: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return lower(value);
  } catch (error) {
    throw toEnding(error);
  }
}
