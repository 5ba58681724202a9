/**
 * A function's place in fair queueing: how much CPU time it has had, and which of its turns wait. Virtual
 * time is CPU time, except that whoever comes back from idleness starts at the present: nobody saves up.
 */
import { Queue } from '../base/queue.ts';

/** A piece of guest execution that waits for the thread. */
export interface Turn {
  readonly share: Share;
  /** Whether the guest was interrupted: the event loop has to be polled before it goes on. */
  readonly preempted: boolean;
  /** It is the guest's turn. Never throws. */
  start(): void;
}

/** One function, on one thread. */
export class Share {
  /** CPU time used, as fair queueing counts it, ms. */
  virtualMs = 0;
  /** Its turns that wait, first come first; changed by `RunQueue` only. */
  readonly turns = new Queue<Turn>();
  /** Whether it has a place in the heap of `RunQueue`, whose business that is. */
  isPlaced = false;
  #round = 0;
  #roundMs = 0;

  /** CPU time was used for the function. */
  charge(ms: number, round: number): void {
    this.virtualMs += ms;
    this.#roundMs = ms + this.usedIn(round);
    this.#round = round;
  }

  /** CPU time it had in a round of the scheduler, ms. */
  usedIn(round: number): number {
    return this.#round === round ? this.#roundMs : 0;
  }

  /** Begins to want CPU time; what it did not use while it wanted none is gone. */
  catchUp(presentMs: number): void {
    if (this.turns.size === 0 && this.virtualMs < presentMs) this.virtualMs = presentMs;
  }
}
