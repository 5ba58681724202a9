/**
 * Which guest runs, on one thread. Guests run to completion in microseconds, mostly; those that do not are
 * interrupted each millisecond and take turns, fairly between functions. Between two such turns the event
 * loop is polled, so that requests, answers and timers wait for one slice at most.
 *
 * A round is a pass of the event loop in which the scheduler starts what waits: one slice of an interrupted guest,
 * and short turns one after the other up to `ROUND_MS`. A turn begins when it is started, goes on in the
 * microtask in which V8 resumes the guest, and ends when `finish` is called.
 */
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { EpochTicker } from './epoch-ticker.ts';
import { GuestThread, type GuestThreadParts } from './guest-thread.ts';
import { RunQueue } from './run-queue.ts';
import type { RunningBoard } from './running-board.ts';
import { Share, type Turn } from './share.ts';
import { openThreadClock } from './thread-clock.ts';

/** CPU time in one round, of one function or of all short turns, after which others come first, ms. */
const ROUND_MS = 2;

/** Functions that are remembered; beyond, those that want nothing are forgotten. */
const MIN_SHARES = 1000;

/** What a scheduler is made of. */
export interface SchedulerParts extends GuestThreadParts {
  readonly ticker: Pick<EpochTicker, 'memory' | 'ticked' | 'clear' | 'close'>;
  /** Runs a task after the event loop was polled. */
  readonly afterPoll: (task: () => void) => void;
}

/** What a scheduler is opened with. */
export interface OpenSchedulerParts {
  readonly clock: Clock;
  readonly board?: RunningBoard | undefined;
}

/** The guests of one thread. */
export class Scheduler implements Closeable {
  readonly thread: GuestThread;
  readonly #parts: SchedulerParts;
  readonly #queue = new RunQueue();
  readonly #shares = new Map<string, Share>();
  #sweepAt = MIN_SHARES;
  /** Virtual time of what was started last: where those begin who come now. */
  #presentMs = 0;
  #round = 1;
  #roundMs = 0;
  #isRoundComing = false;
  /** A turn was started and has not ended. */
  #isBusy = false;
  /** Whose fresh call was let in from the queue and has not run yet. */
  #admitted: Share | undefined;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.thread = new GuestThread(parts);
  }

  /**
   * Opens a scheduler for the calling thread, with a ticker of its own.
   *
   * @param parts.board Where it is shown whose guest runs, for a watchdog; absent: nowhere.
   * @example
   * const scheduler = stack.push(await Scheduler.open({ clock: systemClock }));
   */
  static async open({ clock, board }: OpenSchedulerParts): Promise<Scheduler> {
    const ticker = await EpochTicker.open();
    const threadMs = openThreadClock();
    return new Scheduler({ clock, ticker, threadMs, board, afterPoll: setImmediate });
  }

  /**
   * Gives a function's share, the same one for the same key.
   *
   * @param key What is to be treated as one: namespace and name of a function.
   */
  share(key: string): Share {
    const known = this.#shares.get(key);
    if (known !== undefined) return known;
    if (this.#shares.size >= this.#sweepAt) this.#sweep();
    const share = new Share();
    this.#shares.set(key, share);
    return share;
  }

  /**
   * Lets a fresh call in: asked before its instance is made or called. Usually at once, unless the function
   * has used up its part of this round, other calls of it wait, or other functions wait that had less.
   *
   * @param signal Leaves the queue when aborted; the promise rejects with the signal's reason.
   * @returns Undefined if it may go on at once; else what to wait for.
   */
  admit(share: Share, signal?: AbortSignal): Promise<void> | undefined {
    share.catchUp(this.#presentMs);
    if (this.#mayStart(share)) {
      this.#movePresent(share);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.withdraw(turn);
        reject(signal?.reason);
      };
      const turn: Turn = {
        share,
        preempted: false,
        start: () => {
          signal?.removeEventListener('abort', leave);
          this.#admitted = share;
          // It may end without running anything, and then nobody says so.
          this.#planRound();
          resolve();
        },
      };
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      signal?.addEventListener('abort', leave, { once: true });
      this.#enqueue(turn);
    });
  }

  /** Starts a turn at once if that is fair, else when its time has come. The turn says when it ends: `finish`. */
  request(turn: Turn): void {
    const { share, preempted } = turn;
    share.catchUp(this.#presentMs);
    if (!preempted && this.#mayStart(share)) this.#start(turn);
    else this.#enqueue(turn);
  }

  /** Takes back a turn that has not started. */
  withdraw(turn: Turn): void {
    this.#queue.remove(turn);
  }

  /** The turn that was started last has ended. */
  finish(): void {
    this.#isBusy = false;
    this.#startNext(false);
  }

  /** CPU time was used. */
  charge(share: Share, ms: number): void {
    this.#roundMs += ms;
    share.charge(ms, this.#round);
  }

  /** A guest of a function stopped running, for whatever reason. */
  stopped(share: Share): void {
    if (this.#admitted !== share) return;
    this.#admitted = undefined;
    queueMicrotask(() => this.finish());
  }

  /** Ends: guests that still run, or wait for a turn, have no CPU time left from now on. */
  async close(): Promise<void> {
    this.thread.isClosed = true;
    await this.#parts.ticker.close();
  }

  #mayStart(share: Share): boolean {
    if (this.#isBusy || this.thread.running.length > 0) return false;
    if (share.turns.size > 0 || share.usedIn(this.#round) >= ROUND_MS) return false;
    const next = this.#queue.peek();
    return next === undefined || share.virtualMs <= next.share.virtualMs;
  }

  #enqueue(turn: Turn): void {
    this.#queue.add(turn);
    this.#planRound();
  }

  #planRound(): void {
    if (this.#isRoundComing) return;
    this.#isRoundComing = true;
    this.#parts.afterPoll(() => {
      this.#isRoundComing = false;
      this.#round += 1;
      this.#roundMs = 0;
      // A turn of a guest ends within its microtasks; an admitted call that has not run by now is not waited for.
      this.#admitted = undefined;
      this.#isBusy = false;
      this.#startNext(true);
    });
  }

  #startNext(isNewRound: boolean): void {
    const turn = this.#queue.peek();
    if (turn === undefined || this.#isBusy) return;
    if ((turn.preempted && !isNewRound) || this.#roundMs >= ROUND_MS) {
      this.#planRound();
      return;
    }
    this.#queue.remove(turn);
    this.#start(turn);
  }

  #start(turn: Turn): void {
    this.#isBusy = true;
    this.#movePresent(turn.share);
    turn.start();
  }

  #movePresent(share: Share): void {
    this.#presentMs = Math.max(this.#presentMs, share.virtualMs);
  }

  #sweep(): void {
    for (const [key, share] of this.#shares) {
      if (share.turns.size === 0 && share.virtualMs <= this.#presentMs) this.#shares.delete(key);
    }
    this.#sweepAt = Math.max(MIN_SHARES, this.#shares.size * 2);
  }
}
