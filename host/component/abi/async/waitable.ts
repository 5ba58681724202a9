/**
 * What a task can wait for, and the sets in which it does. An event is delivered when the guest asks for it or its
 * callback is called, never before: until then what it brings stays outside of the guest.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#waitable-state
 */
import { breakRule } from '../rule.ts';

/** Codes of events. */
export const EVENT = Object.freeze({
  none: 0,
  subtask: 1,
  streamRead: 2,
  streamWrite: 3,
  futureRead: 4,
  futureWrite: 5,
  taskCancelled: 6,
});

/** Something that happened: code, handle of the waitable, and what became of it. */
export type WaitableEvent = readonly [code: number, handle: number, payload: number];

/** That nothing happened. */
export const NO_EVENT: WaitableEvent = Object.freeze([EVENT.none, 0, 0]);

/** That whoever called the task wants no more of it. */
export const TASK_CANCELLED: WaitableEvent = Object.freeze([EVENT.taskCancelled, 0, 0]);

/** An end of a stream or future, or a call under way. */
export abstract class Waitable {
  /** In the table of its component instance. */
  handle = 0;
  #set: WaitableSet | undefined;

  /** Whether there is something to deliver. */
  abstract get hasEvent(): boolean;

  /** Delivers it: may write to the guest's memory, and call its allocator. */
  abstract takeEvent(): WaitableEvent;

  /** Its guest drops it. */
  abstract drop(): void;

  /** Nobody will ask for it any more: whatever it holds of the host is given up. */
  abstract abandon(): void;

  /** Enters a set, or leaves the one it is in. */
  join(set: WaitableSet | undefined): void {
    this.#set?.remove(this);
    this.#set = set;
    set?.add(this);
  }

  /** There is something to deliver now. */
  notify(): void {
    this.#set?.signal(this);
  }
}

/** A set that a task waits on. */
export class WaitableSet {
  readonly #members = new Set<Waitable>();
  /** Those that may have an event. */
  readonly #ready = new Set<Waitable>();
  #wake: (() => void) | undefined;

  /** Whether one of its members has an event. */
  get hasEvent(): boolean {
    for (const one of this.#ready) {
      if (one.hasEvent) return true;
      this.#ready.delete(one);
    }
    return false;
  }

  /** Delivers the event of one of its members, if any has one. */
  take(): WaitableEvent {
    for (const one of this.#ready) {
      this.#ready.delete(one);
      if (one.hasEvent) return one.takeEvent();
    }
    return NO_EVENT;
  }

  /** Resolves when one of its members may have an event. One may wait at a time. */
  untilEvent(): Promise<void> {
    if (this.#wake !== undefined) breakRule('two tasks wait on one set');
    if (this.hasEvent) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Whoever waits does so no more; its promise never resolves. */
  giveUpWaiting(): void {
    this.#wake = undefined;
  }

  /** Drops it. */
  drop(): void {
    if (this.#members.size > 0) breakRule('a set was dropped that is not empty');
    if (this.#wake !== undefined) breakRule('a set was dropped that a task waits on');
  }

  /** Called by a member. */
  add(one: Waitable): void {
    this.#members.add(one);
    if (one.hasEvent) this.signal(one);
  }

  /** Called by a member. */
  remove(one: Waitable): void {
    this.#members.delete(one);
    this.#ready.delete(one);
  }

  /** Called by a member that has an event. */
  signal(one: Waitable): void {
    this.#ready.add(one);
    this.#wake?.();
  }
}
