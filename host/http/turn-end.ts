/**
 * Sends the answers of one turn of the event loop together at its end. To write to a client that sleeps wakes it,
 * which costs the kernel more than the answer cost us; written one after the other, a client with many
 * connections wakes once for all of them. Under light load a turn has one answer, and its end is at once.
 */
import type { Clock } from '../base/clock.ts';

/** Longest time that an answer waits for others of a long turn, ms. */
const LONGEST_WAIT_MS = 1;

/** What waits for the end of the turn. */
export interface HeldAnswer {
  /** The turn is over. Does not throw. */
  sendHeld(): void;
}

/** The answers of this turn. */
export class TurnEnd {
  readonly #clock: Clock;
  #held: HeldAnswer[] = [];
  /** When the first of them came. */
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `sendHeld` when the turn is over, or earlier if it is a long one. */
  add(answer: HeldAnswer): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#held.length === 0) {
      this.#sinceMs = nowMs;
      setImmediate(flush, this);
    } else if (nowMs - this.#sinceMs > LONGEST_WAIT_MS) {
      this.flush();
      this.#sinceMs = nowMs;
      setImmediate(flush, this);
    }
    this.#held.push(answer);
  }

  /** Sends what is held. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const answer of held) answer.sendHeld();
  }
}

function flush(turnEnd: TurnEnd): void {
  turnEnd.flush();
}
