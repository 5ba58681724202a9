/**
 * What all component instances of one live instance share: whether it has ended, and the destructors of
 * its own resources. Suspending the guest, and letting it go on when it is its turn, goes through here as well.
 *
 * Under a JavaScript frame (`cabi_realloc`, a destructor) nothing can be suspended: a function that might block is not
 * called there.
 */
import { endReasonOf } from '../ending.ts';
import type { TaskCaller } from './async/task.ts';
import type { ComponentState } from './component-state.ts';
import type { GuestMemory } from './guest-memory.ts';
import { breakRule, isSuspendError, NESTED_WAIT, toEnding } from './rule.ts';
import type { RunPort } from './run-port.ts';

/** Runs when a resource that a component defines is dropped. */
export type Destructor = (representation: unknown) => unknown;

/** State of one live instance. */
export class InstanceState {
  /** Measures and interrupts it. */
  readonly run: RunPort;
  /** How often the guest has called out so far, but from destructors: tells one JavaScript frame under guest code from another. */
  calls = 0;
  /** Destructors under way, one within the other. */
  nesting = 0;
  /** By the number of the resource type. */
  readonly #destructors: (Destructor | undefined)[] = [];
  /** Its component instances and memories, in the order in which they were made: they enter themselves. */
  readonly components: ComponentState[] = [];
  readonly memories: GuestMemory[] = [];
  /** Number of the host's function that the guest called last; -1 as long as it called none. */
  hostCall = -1;
  /** Grows with each reset: resources from before are gone. */
  generation = 0;
  /** Whether it was called from outside since it was made or reset. */
  called = false;
  #nextWait: Promise<unknown> | undefined;
  #ended = false;
  #bindGuest: (guest: object) => void = noGuest;
  #rest: () => void = nothing;

  constructor(run: RunPort) {
    this.run = run;
  }

  /** Whether nothing runs in it any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Emitted code gives what changes the guest that its imports act for. */
  onGuest(bind: (guest: object) => void): void {
    this.#bindGuest = bind;
  }

  /** Emitted code gives what lets the next instance have what this one needs no more. */
  onRest(rest: () => void): void {
    this.#rest = rest;
  }

  /** It is closed, and no frame of it is on any stack: none will be again. */
  rest(): void {
    this.#rest();
    this.#rest = nothing;
  }

  /** Code of a task runs from now on: imports act for the guest of its caller. */
  actFor(caller: TaskCaller): void {
    this.#bindGuest(caller.guest);
    caller.activate();
  }

  /** It is back in its initial state, and acts for another guest. */
  renew(guest: object): void {
    this.generation += 1;
    this.called = false;
    for (const { async } of this.components) async?.clear();
    this.#bindGuest(guest);
  }

  /** Its owner has no use for it any more: nothing runs in it, and resources from it are gone. */
  close(): void {
    this.#ended = true;
    this.generation += 1;
    for (const { async } of this.components) async?.clear();
  }

  /** Before a call from outside. */
  checkLive(): void {
    this.called = true;
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

  /** Runs guest code outside a call of an export: a start function, a post-return function. */
  async runApart<T>(call: () => T): Promise<Awaited<T>> {
    this.run.enter();
    let result: T;
    try {
      result = call();
    } finally {
      this.run.leave();
    }
    return await result;
  }

  /** Runs the destructor of a resource type, if it has one. */
  destroy(type: number, representation: unknown): void {
    const destructor = this.#destructors[type];
    if (destructor === undefined) return;
    this.nesting += 1;
    try {
      destructor(representation);
    } finally {
      this.nesting -= 1;
      if (this.nesting === 0) this.run.returned();
    }
  }

  /** Before a call of a function that may block. */
  checkMayWait(): void {
    if (this.nesting > 0) breakRule(NESTED_WAIT);
  }

  /**
   * The same for a function that cannot suspend the guest itself: the one that is called next does, with `takeWait`.
   *
   * @returns 1: there is no answer yet.
   */
  waitNext(
    promise: Promise<unknown>,
    onValue: (value: unknown) => unknown,
    onError: (error: unknown) => unknown,
  ): 1 {
    this.#nextWait = this.wait(promise, onValue, onError);
    return 1;
  }

  /** For `WebAssembly.Suspending`. */
  takeWait(): Promise<unknown> | undefined {
    const wait = this.#nextWait;
    this.#nextWait = undefined;
    return wait;
  }

  /**
   * Suspends the guest until a host function's promise settles and it is its turn to run.
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
    return new Promise((resolve, reject) => {
      const goOn = (lower: (outcome: unknown) => unknown, outcome: unknown): void =>
        this.run.resume(() => {
          try {
            resolve(lower(outcome));
          } catch (error) {
            reject(toEnding(error));
          }
        }, reject);
      promise.then(
        (value) => goOn(onValue, value),
        (error: unknown) => {
          // An ending only unwinds the guest's stack: no code of it runs, so there is no turn to wait for.
          if (endReasonOf(error) === undefined) goOn(onError, error);
          else reject(error);
        },
      );
    });
  }
}

function noGuest(): void {
  // A script that imports nothing acts for nobody.
}

function nothing(): void {
  // Most components have nothing to give back.
}
