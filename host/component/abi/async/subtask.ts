/**
 * The call of a host function that has not returned yet, as its guest sees it.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#subtask-state
 */
import type { CancellablePromise } from '../../byte-stream.ts';
import { breakRule } from '../rule.ts';
import { isEnded } from './future.ts';
import { EVENT, Waitable, type WaitableEvent } from './waitable.ts';

/** How far a call is. */
export const SUBTASK = Object.freeze({ started: 1, returned: 2, cancelledBeforeReturned: 4 });

/** What becomes of a call's outcome, in its guest. */
export interface LowerOutcome {
  readonly onValue: (value: unknown) => void;
  /** Lowers an error value; throws if it is none. */
  readonly onError: (error: unknown) => void;
}

/** A call under way. */
export class Subtask extends Waitable {
  readonly #call: CancellablePromise<unknown>;
  readonly #lower: LowerOutcome;
  #outcome: { readonly value: unknown; readonly isError: boolean } | undefined;
  #isTold = false;

  constructor(call: CancellablePromise<unknown>, lower: LowerOutcome) {
    super();
    this.#call = call;
    this.#lower = lower;
    call.then(
      (value) => this.#settle({ value, isError: false }),
      (error: unknown) => {
        if (!isEnded(error)) this.#settle({ value: error, isError: true });
      },
    );
  }

  get hasEvent(): boolean {
    return this.#outcome !== undefined && !this.#isTold;
  }

  takeEvent(): WaitableEvent {
    this.#tell();
    return [EVENT.subtask, this.handle, SUBTASK.returned];
  }

  /** The guest gives it up. @returns How far it was. */
  cancel(): number {
    if (this.#isTold) return breakRule('a call was cancelled that had returned');
    if (this.#outcome !== undefined) {
      this.#tell();
      return SUBTASK.returned;
    }
    this.#isTold = true;
    this.#call.cancel?.();
    return SUBTASK.cancelledBeforeReturned;
  }

  drop(): void {
    if (!this.#isTold) breakRule('a call was dropped that had not returned');
  }

  abandon(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#call.cancel?.();
  }

  #settle(outcome: { readonly value: unknown; readonly isError: boolean }): void {
    if (this.#isTold) return;
    this.#outcome = outcome;
    this.notify();
  }

  #tell(): void {
    const outcome = this.#outcome;
    this.#isTold = true;
    if (outcome === undefined) return;
    if (outcome.isError) this.#lower.onError(outcome.value);
    else this.#lower.onValue(outcome.value);
  }
}
