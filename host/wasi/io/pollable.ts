/**
 * The resource `pollable` of `wasi:io/poll`: something that is ready or will be.
 *
 * A guest may poll the same idle pollable a million times within one invocation. So a pollable starts
 * its wait once and keeps the pollers of the moment in a set: nothing piles up on a promise that
 * stays pending, as it would with `Promise.race`.
 */
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { Guest } from '../ports.ts';

/** Something that is ready or will be. */
export class Pollable {
  readonly #guest: Guest;
  readonly #isReady: () => boolean;
  readonly #wait: () => Promise<void>;
  readonly #onDrop: () => void;
  readonly #refund: () => void;
  readonly #watchers = new Set<() => void>();
  #waiting = false;
  #dropped = false;

  /**
   * @param guest Whose pollable this is.
   * @param isReady Whether it is ready now; never throws.
   * @param wait Resolves when it may have become ready; `isReady` is asked again.
   * @param onDrop Called when the guest drops it, to give up a wait under way.
   */
  constructor(
    guest: Guest,
    isReady: () => boolean,
    wait: () => Promise<void>,
    onDrop: () => void = () => {},
  ) {
    this.#guest = guest;
    this.#isReady = isReady;
    this.#wait = wait;
    this.#onDrop = onDrop;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  ready(): boolean {
    return this.#isReady();
  }

  block(): void | Promise<void> {
    if (this.#isReady()) return undefined;
    return this.#guest.suspend(Pollable.#untilAnyIsReady([this]));
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#watchers.clear();
    this.#refund();
    this.#onDrop();
  }

  /**
   * Waits until one of the pollables is ready.
   *
   * @param guest Who polls.
   * @param pollables At least one.
   * @returns Indexes of those that are ready, in order.
   */
  static pollAny(guest: Guest, pollables: readonly Pollable[]): Uint32Array | Promise<Uint32Array> {
    const ready = Pollable.#readyIndexes(pollables);
    if (ready.length > 0) return ready;
    const waited = Pollable.#untilAnyIsReady(pollables);
    return guest.suspend(waited.then(() => Pollable.#readyIndexes(pollables)));
  }

  static #readyIndexes(pollables: readonly Pollable[]): Uint32Array {
    const ready: number[] = [];
    for (const [index, pollable] of pollables.entries()) if (pollable.#isReady()) ready.push(index);
    return Uint32Array.from(ready);
  }

  static #untilAnyIsReady(pollables: readonly Pollable[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The same pollable may be listed twice.
    const watched = new Set(pollables);
    const wake = (): void => {
      for (const pollable of watched) pollable.#watchers.delete(wake);
      resolve();
    };
    for (const pollable of watched) pollable.#watch(wake);
    return promise;
  }

  #watch(wake: () => void): void {
    this.#watchers.add(wake);
    if (this.#waiting) return;
    this.#waiting = true;
    const settled = (): void => {
      this.#waiting = false;
      this.#wakeOrWaitOn();
    };
    this.#wait().then(settled, settled);
  }

  #wakeOrWaitOn(): void {
    const isReady = this.#isReady();
    for (const wake of this.#watchers) {
      if (isReady) wake();
      else this.#watch(wake);
    }
  }
}
