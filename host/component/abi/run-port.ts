/**
 * What measures and interrupts the code of a guest, as emitted code and its runtime see it: told when guest code
 * begins and stops to run, and asked when a suspended guest may go on. `limits/` has what stands behind it.
 */

/** The use that one live instance makes of the thread. */
export interface RunPort {
  /** Guest code, or host code for it, begins to run. Calls nest. */
  enter(): void;
  /** It stopped: returned, threw or was suspended. Matches the last `enter`. */
  leave(): void;
  /**
   * What a suspended guest waited for has come.
   *
   * @param settle Called when it is the guest's turn; settles the promise that V8 waits on.
   * @param cancel Called instead, with the ending, if the guest is ended before.
   */
  resume(settle: () => void, cancel: (ending: unknown) => void): void;
  /**
   * The guest steps aside.
   *
   * @returns Settles when it is its turn again; rejects with the ending if it is ended before.
   */
  yield(): Promise<void>;
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
