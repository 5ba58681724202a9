import t from 'tap';
import type { Clock } from '../../host/base/clock.ts';
import { Deadline, DeadlineList } from '../../host/invoke/deadline-list.ts';

/** A clock that a test turns, with at most one timer. */
class TurnedClock implements Clock {
  nowMs = 0;
  timers = 0;
  #task: (() => void) | undefined;
  #dueMs = 0;

  wallMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  monotonicNs(): bigint {
    return BigInt(this.nowMs * 1e6);
  }

  after(delayMs: number, task: () => void): () => void {
    this.timers += 1;
    this.#task = task;
    this.#dueMs = this.nowMs + delayMs;
    return () => (this.#task = undefined);
  }

  turnTo(nowMs: number): void {
    while (this.#task !== undefined && this.#dueMs <= nowMs) {
      const task = this.#task;
      this.#task = undefined;
      this.nowMs = this.#dueMs;
      task();
    }
    this.nowMs = nowMs;
  }
}

class Entry extends Deadline {
  late = 0;

  override handleLate(): void {
    this.late += 1;
  }
}

t.test('what is not removed is told when its time is over, and once', async (t) => {
  const clock = new TurnedClock();
  const list = new DeadlineList(clock, 100);
  const entries = [0, 10, 20, 30].map((atMs) => {
    clock.turnTo(atMs);
    const entry = new Entry();
    list.add(entry, atMs);
    return entry;
  });
  const late = (): number[] => entries.map((entry) => entry.late);
  t.equal(clock.timers, 1, 'one timer stands for all');
  const [first, second] = entries;
  if (first === undefined || second === undefined) throw new Error('there are four');
  list.remove(first);
  list.remove(first);
  clock.turnTo(109);
  t.strictSame(late(), [0, 0, 0, 0], 'the timer came for one that is gone');
  clock.turnTo(110);
  t.strictSame(late(), [0, 1, 0, 0]);
  list.remove(second);
  clock.turnTo(1000);
  t.strictSame(late(), [0, 1, 1, 1]);

  const again = new Entry();
  list.add(again, 1000);
  clock.turnTo(1100);
  t.equal(again.late, 1, 'a list that was empty watches again');
});

t.test('close() ends the watch', async (t) => {
  const clock = new TurnedClock();
  const list = new DeadlineList(clock, 100);
  const entry = new Entry();
  list.add(entry, 0);
  list.close();
  clock.turnTo(1000);
  t.equal(entry.late, 0);
});
