/**
 * A thread whose time tests decide: a clock, CPU time, a ticker and an event loop that go on only when they are
 * told to.
 */
import type { RunningBoard } from '../../host/limits/running-board.ts';
import { Scheduler } from '../../host/limits/scheduler.ts';

/** What a scheduler takes for a thread. */
export class FakeThread {
  nowMs = 1000;
  /** CPU time of the thread; less than the clock where something was stolen. */
  cpuMs = 10;
  ticked = false;
  closed = false;
  readonly #polls: (() => void)[] = [];

  /** A scheduler on this thread. */
  open(board?: RunningBoard): Scheduler {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const isTicked = (): boolean => this.ticked;
    return new Scheduler({
      clock: { monotonicMs: () => this.nowMs },
      board,
      threadMs: () => this.cpuMs,
      ticker: {
        memory,
        get ticked() {
          return isTicked();
        },
        clear: () => {
          this.ticked = false;
        },
        close: async () => {
          this.closed = true;
        },
      },
      afterPoll: (task) => this.#polls.push(task),
    });
  }

  /** Code runs. */
  work(ms: number): void {
    this.nowMs += ms;
    this.cpuMs += ms;
  }

  /** The thread runs nothing, or something else runs. */
  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** Whether something waits for the next turn of the event loop. */
  get hasPolls(): boolean {
    return this.#polls.length > 0;
  }

  /** One turn of the event loop: what waited for it, and all that follows in microtasks. */
  async poll(): Promise<void> {
    for (const task of this.#polls.splice(0)) {
      task();
      await settled();
    }
  }
}

/** Waits until no microtask is left. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
