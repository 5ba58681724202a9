/**
 * What all component instances of one live instance share: whether it has ended, and whether its code
 * could be suspended now.
 */
import { breakRule, toEnding } from './rule.ts';

/** State of one live instance. */
export class InstanceState {
  /** Calls into core code under a JavaScript frame: suspending is impossible while there is one. */
  nested = 0;
  #ended = false;

  /** Before a call from outside. */
  checkLive(): void {
    if (this.#ended) breakRule('the instance has ended');
  }

  /** Marks the instance as ended by what went wrong; nothing runs in it any more. */
  fail(error: unknown): unknown {
    this.#ended = true;
    return error;
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
    if (this.nested > 0) {
      // Its outcome has no taker any more.
      promise.catch(() => {});
      breakRule('a blocking function was called from a start function or a destructor');
    }
    return promise.then(
      (value) => {
        try {
          return onValue(value);
        } catch (error) {
          throw toEnding(error);
        }
      },
      (cause: unknown) => {
        try {
          return onError(cause);
        } catch (error) {
          throw toEnding(error);
        }
      },
    );
  }
}
