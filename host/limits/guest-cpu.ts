/**
 * What engines and the code between guest and host know of CPU accounting: where guest code begins and stops
 * to run, what its checks call, and how a suspended guest goes on. `CpuMeter` measures and interrupts;
 * `UnmeteredCpu` lets everything run, for a deployment's trial in a process of its own.
 */

/** One live instance's use of the thread. */
export interface GuestCpu {
  /** Shared memory of one page whose first word is other than 0 when a guest is to call `expired`. */
  readonly epoch: WebAssembly.Memory;
  /** Guest code, or host code that works for it, begins to run. Calls nest. */
  enter(): void;
  /** It stopped: returned, threw or was suspended. Matches the last `enter`. */
  leave(): void;
  /**
   * A check of the guest found the word set.
   *
   * @returns 1 if the guest must yield, 0 if it runs on.
   * @throws {WebAssembly.RuntimeError} The ending, if the guest has used up its time or was ended.
   */
  expired(): 0 | 1;
  /**
   * The guest steps aside, for `WebAssembly.Suspending`.
   *
   * @returns Settles when it is its turn again; rejects with the ending if it is ended before.
   */
  yield(): Promise<void>;
  /**
   * The guest was to yield and cannot, because a JavaScript frame lies between its code and the export that
   * was called. It has a small budget of its own until that frame returns.
   *
   * @param frame Tells one such frame from another: the number of host functions called so far.
   * @throws {WebAssembly.RuntimeError} The ending, if that budget is used up.
   */
  nested(frame: number): void;
  /**
   * Something that a suspended guest waited for has come: lets the guest go on when it is its turn.
   *
   * @param settle Called in its turn: settles the promise that V8 waits on, and does nothing after that.
   * @param cancel Called instead, with the ending, if the guest is ended before or has no time left.
   */
  resume(settle: () => void, cancel: (ending: unknown) => void): void;
  /**
   * A JavaScript frame under which guest code ran returns to guest code: a turn that could not be given while it stood
   * is due now.
   */
  returned(): void;
  /**
   * A function for `WebAssembly.Suspending` has its result at once. V8 suspends the guest all the same, and lets it
   * go on in the next microtask: from then on it is measured again. Called last before the function returns.
   */
  goOn(): void;
}
