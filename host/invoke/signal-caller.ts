/** A caller whose leaving an `AbortSignal` tells. */
import type { Caller } from './invoker.ts';

/** Follows a signal. */
export class SignalCaller implements Caller {
  onGone: (() => void) | undefined;
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.onGone?.(), { once: true });
  }

  get isGone(): boolean {
    return this.#signal.aborted;
  }
}
