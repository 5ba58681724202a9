/**
 * Tells what has run too long. All entries of a list have the same time, so the one that came first is due
 * first: a single timer, set for the oldest, stands for all, and to watch an invocation costs a few stores
 * where a timer of its own costs a microsecond.
 */
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';

/** What is watched; in one list at a time. */
export abstract class Deadline {
  /** When its time is over, on the monotonic clock, ms. */
  dueMs = 0;
  /** Neighbours in the list; the list's own business. */
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  isWatched = false;

  /** Its time is over; it is not watched any more. */
  abstract handleLate(): void;
}

/** Entries in the order they are due. */
export class DeadlineList implements Closeable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #oldest: Deadline | undefined;
  #newest: Deadline | undefined;
  #cancelTimer: (() => void) | undefined;

  /** @param limitMs Time that each entry has. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Begins to watch. @param nowMs The time on the monotonic clock; never before that of another `add`. */
  add(entry: Deadline, nowMs: number): void {
    entry.dueMs = nowMs + this.#limitMs;
    entry.isWatched = true;
    entry.earlier = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.later = entry;
    this.#newest = entry;
    // A timer that was set for an entry which is gone is not touched: it comes early, and looks again.
    if (this.#cancelTimer === undefined) this.#setTimer(this.#limitMs);
  }

  /** Ends the watch. Idempotent. */
  remove(entry: Deadline): void {
    if (!entry.isWatched) return;
    entry.isWatched = false;
    const { earlier, later } = entry;
    if (earlier === undefined) this.#oldest = later;
    else earlier.later = later;
    if (later === undefined) this.#newest = earlier;
    else later.earlier = earlier;
    entry.earlier = undefined;
    entry.later = undefined;
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #setTimer(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#cancelTimer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let entry = this.#oldest; entry !== undefined; entry = this.#oldest) {
      if (entry.dueMs > nowMs) {
        this.#setTimer(entry.dueMs - nowMs);
        return;
      }
      this.remove(entry);
      entry.handleLate();
    }
  }
}
