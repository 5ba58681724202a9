/** One time-out that is started anew with every phase of an exchange. */
import type { Clock } from '../../base/clock.ts';

/** A restartable time-out. */
export class Timeout {
  readonly #clock: Clock;
  readonly #onTimeout: (tag: string) => void;
  #cancel: (() => void) | undefined;

  /** @param onTimeout Called with the tag of the phase that took too long. */
  constructor(clock: Clock, onTimeout: (tag: string) => void) {
    this.#clock = clock;
    this.#onTimeout = onTimeout;
  }

  /** Starts a phase, ending the one before. @param delayMs Undefined: without limit. */
  start(tag: string, delayMs: number | undefined): void {
    this.stop();
    if (delayMs === undefined) return;
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#onTimeout(tag);
    });
  }

  /** Ends the phase. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
