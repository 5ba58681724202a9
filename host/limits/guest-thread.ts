/**
 * The thread that guests run on, as meters see it: what time it is, whether a tick has come, how much CPU time the
 * thread has had, and whose code runs now.
 *
 * Runs shorter than a tick are measured by the monotonic clock, which costs 40 ns. It also counts time in
 * which the system ran something else; so where a tick came, the CPU time of the thread is asked, 250 ns, and
 * nobody is charged more than that. So it is where a tick is overdue: on a busy machine the system may keep the
 * ticker waiting as well.
 */
import type { Clock } from '../base/clock.ts';
import type { EpochTicker } from './epoch-ticker.ts';
import { RunningBoard } from './running-board.ts';
import type { ThreadClock } from './thread-clock.ts';

/** A tick has been due since the last one was seen this long ago, ms. */
const OVERDUE_MS = 2;

/** What a thread is made of. */
export interface GuestThreadParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly ticker: Pick<EpochTicker, 'memory' | 'ticked' | 'clear'>;
  /** CPU time of this thread. */
  readonly threadMs: ThreadClock;
  /** Where it is shown whose guest runs; absent: nowhere. */
  readonly board?: RunningBoard | undefined;
}

/** Whose code runs: a meter, which is stopped while another guest runs within. */
export interface Runner {
  pause(nowMs: number): void;
  proceed(nowMs: number): void;
}

/** One thread. */
export class GuestThread {
  /** Who runs now, innermost last; several only where a host function of one guest entered another. */
  readonly running: Runner[] = [];
  readonly epoch: WebAssembly.Memory;
  /** Gives functions the places that meters show. */
  readonly board: RunningBoard;
  /** One word of the board: the place of the function that runs. */
  readonly shown: Int32Array;
  /** Set at the end: no guest may run any more. */
  isClosed = false;
  /** CPU time of the thread when it was asked last: less than two ticks ago. */
  sampledMs = 0;
  #sampledAtMs = -Infinity;
  readonly #word: Int32Array;
  readonly #clock: GuestThreadParts['clock'];
  readonly #ticker: GuestThreadParts['ticker'];
  readonly #threadMs: ThreadClock;

  constructor({ clock, ticker, threadMs, board = new RunningBoard(0) }: GuestThreadParts) {
    this.#clock = clock;
    this.#ticker = ticker;
    this.#threadMs = threadMs;
    this.board = board;
    this.shown = board.running;
    this.epoch = ticker.memory;
    this.#word = new Int32Array(this.epoch.buffer, 0, 1);
  }

  /** Monotonic time, ms. */
  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Whether a tick came since the last sample, or should have. @param nowMs Monotonic. */
  isDue(nowMs: number): boolean {
    return this.#ticker.ticked || nowMs - this.#sampledAtMs > OVERDUE_MS;
  }

  /** As if a tick had come: the next check of the guest calls the host. */
  raise(): void {
    this.#word[0] = 1;
  }

  /** Takes note of a tick; gives the CPU time of the thread. @param nowMs Monotonic. */
  sample(nowMs: number): number {
    this.#ticker.clear();
    this.#sampledAtMs = nowMs;
    this.sampledMs = this.#threadMs();
    return this.sampledMs;
  }
}
