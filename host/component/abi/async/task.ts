/**
 * The call of a function that a component exports asynchronously: its core function is called once, then its
 * callback with each event, until it says that it is done. It may return its result long before.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-lift
 */
import type { WaitableSet } from './waitable.ts';

/** What a callback, or the core function, answers in its lowest four bits; a set is in those above. */
export const CALLBACK = Object.freeze({ exit: 0, yield: 1, wait: 2 });

/** The guest's function that is called with code, handle and payload of an event. */
export type Callback = (code: number, handle: number, payload: number) => Promise<number>;

/** What became of a task's result: what its function gave. */
export interface TaskOutcome {
  readonly value: unknown;
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
}

/** A task of a component instance. */
export class Task {
  readonly parts: TaskParts;
  /** What the guest keeps for itself in it. */
  context = 0;
  outcome: TaskOutcome | undefined;
  /** The set it waits on, if it waits. */
  waitsOn: WaitableSet | undefined;
  readonly settled = Promise.withResolvers<TaskOutcome>();

  constructor(parts: TaskParts) {
    this.parts = parts;
  }
}
