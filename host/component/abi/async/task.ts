/**
 * The call of a function that a component exports asynchronously: its core function is called once, then its
 * callback with each event, until it says that it is done. It may return its result long before.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-lift
 */

/** What a callback, or the core function, answers in its lowest four bits; a set is in those above. */
export const CALLBACK = Object.freeze({ exit: 0, yield: 1, wait: 2 });

/** The guest's function that is called with code, handle and payload of an event. */
export type Callback = (code: number, handle: number, payload: number) => Promise<number>;

/** What became of a task's result: what its function gave, or that it was cancelled before it gave one. */
export type TaskOutcome = { readonly value: unknown } | 'cancelled';

/** Who calls, where several calls of one instance may be under way. */
export interface TaskCaller {
  /** What imports act for while code of the task runs. */
  readonly guest: object;
  /** Told each time before code of the task runs, if that of another task may have run since. */
  activate(): void;
  /** Set when the task is there: what can be done to it. */
  control: TaskControl | undefined;
}

/** A task under way, in the hands of its caller. */
export interface TaskControl {
  /** Whether it is done, cancelled, or lost with its instance. */
  readonly isOver: boolean;
  /** Whether it has given its result. */
  readonly hasReturned: boolean;
  /** Whether its instance has ended. */
  readonly isLost: boolean;
  /** Whether its code is under way, so that no other task of the instance runs. */
  readonly isInTheWay: boolean;
  /**
   * Asks the guest to end it: told when the task waits, unless it has given its result already. What becomes of it is
   * the guest's affair. A task that has not begun never does, and the guest knows nothing of it.
   *
   * @param isTold False: only that; the guest is not asked.
   */
  cancel(isTold: boolean): void;
  /** The guest is not called back any more: nothing of it runs once its code has returned. */
  park(): void;
  /** Ends all of the instance. */
  abort(): void;
}

/** How a task is run. */
export interface TaskParts {
  /** Of the result, among the component's types; -1 if there is none. */
  readonly resultType: number;
  /** Lowers the parameters and calls the core function. */
  readonly start: () => Promise<number>;
  readonly callback: Callback;
  /** Told of the result as soon as the guest gives it. */
  readonly onReturn: ((value: unknown) => void) | undefined;
  /** Absent where one call of an instance is under way at a time. */
  readonly caller: TaskCaller | undefined;
}

/** How far a cancellation is. */
export type Cancellation = 'none' | 'asked' | 'told';

/** A task of a component instance. */
export class Task {
  readonly parts: TaskParts;
  /** What the guest keeps for itself in it. */
  context = 0;
  outcome: TaskOutcome | undefined;
  /** Whether its core function was called. */
  hasBegun = false;
  cancellation: Cancellation = 'none';
  /** It is not called back any more. */
  isParked = false;
  /** Ends the wait it is in, so that it is told of its cancellation; undefined while it does not wait. */
  interrupt: (() => void) | undefined;
  readonly settled = Promise.withResolvers<TaskOutcome>();

  constructor(parts: TaskParts) {
    this.parts = parts;
  }
}
