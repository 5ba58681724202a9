/**
 * Measures the CPU time of one live instance, ends it when an invocation has used up its limit, and makes it
 * yield when its slice is over. Only time in which guest code runs, or host code for it, counts; waiting does not.
 *
 * A guest is entered from outside (`enter`, `leave` around a call), or goes on because something it waited for
 * has come (`resume`). V8 continues a suspended guest in the microtask that follows the settling of its promise;
 * so a resumption is three steps: a microtask that begins the accounting, the settling, and a microtask that ends it.
 */
import { Queue } from '../base/queue.ts';
import type { GuestCpu } from './guest-cpu.ts';
import type { GuestThread, Runner } from './guest-thread.ts';
import { NOBODY, UNNAMED } from './running-board.ts';
import type { Scheduler } from './scheduler.ts';
import type { Share, Turn } from './share.ts';

/** How long a guest runs before it yields, ms of CPU time. Half a tick less: ticks come at their own time. */
const SLICE_MS = 0.5;

/** Time between two ticks, ms. */
const TICK_MS = 1;

/** What guest code that cannot yield may use, ms of CPU time. */
const NESTED_MS = 5;

/** Limits of one invocation. */
export interface CpuLimits {
  /** CPU time, ms. */
  readonly cpuMs: number;
  /** On top of it, ms: what the first invocation of a freshly loaded module has for V8's lazy compilation. Default 0. */
  readonly allowanceMs?: number;
}

/** Whose CPU time a meter counts. */
export interface CpuOwner {
  /** Its time is used up: ends the guest and throws its ending. */
  endForCpu(): never;
}

/** The meter of one instance. Costs one object; entering and leaving cost 0.1 µs. */
export class CpuMeter implements GuestCpu, Runner {
  readonly #scheduler: Scheduler;
  readonly #thread: GuestThread;
  readonly #share: Share;
  /** Of the function on the running board. */
  readonly #place: number;
  /** Turns that wait or have not started yet. */
  readonly #turns = new Queue<MeterTurn>();
  #limitMs = Infinity;
  #owner: CpuOwner = UNBEGUN;
  #usedMs = 0;
  /** When what is not charged yet began, on the monotonic clock. */
  #sinceMs = 0;
  /** CPU time of the thread at that moment or shortly before. */
  #threadMs = 0;
  /** CPU time since it was entered, resumed or last yielded. */
  #sliceMs = 0;
  /** The JavaScript frame under which it could not yield last, and what it had used when that slice began. */
  #frame = -1;
  #frameMs = 0;
  /** It was to yield and could not. */
  #owesTurn = false;
  #ending: Error | undefined;

  /** V8 has queued the guest's continuation behind this. Its slice goes on: nobody else had a turn. */
  readonly #continueSlice = (): void => {
    this.#push();
    queueMicrotask(this.#leaveLater);
  };
  readonly #leaveLater = (): void => this.leave();

  /**
   * @param share Of the function, `scheduler.share(key)`.
   * @param place Of the function on the running board of the thread, which is shown while it runs.
   */
  constructor(scheduler: Scheduler, share: Share, place = UNNAMED) {
    this.#scheduler = scheduler;
    this.#thread = scheduler.thread;
    this.#share = share;
    this.#place = place;
  }

  get epoch(): WebAssembly.Memory {
    return this.#thread.epoch;
  }

  /** CPU time of the invocation so far, ms. */
  get usedMs(): number {
    const isRunning = this.#thread.running.at(-1) === this;
    return isRunning ? this.#usedMs + this.#thread.nowMs() - this.#sinceMs : this.#usedMs;
  }

  /** What the invocation may use in all, ms. */
  get limitMs(): number {
    return this.#limitMs;
  }

  /**
   * Starts an invocation: before the instance is made, and before each later one.
   *
   * @param owner Whose time it is. An object and not a function: a closure made for each invocation and kept in a
   * meter that lives long outlives the collections of V8's young generation, with all that it sees.
   */
  begin({ cpuMs, allowanceMs = 0 }: CpuLimits, owner: CpuOwner): void {
    this.#limitMs = cpuMs + allowanceMs;
    this.#owner = owner;
    this.#usedMs = 0;
    this.#startSlice();
    this.#ending = undefined;
  }

  enter(): void {
    if (this.#push()) this.#startSlice();
  }

  leave(): void {
    const { running } = this.#thread;
    if (running.at(-1) !== this) {
      // Its run was left open by generated glue, and others have come and gone since.
      const index = running.lastIndexOf(this);
      if (index >= 0) running.splice(index, 1);
      return;
    }
    running.pop();
    const outer = running.at(-1);
    if (outer === this) return;
    const nowMs = this.#thread.nowMs();
    this.pause(nowMs);
    outer?.proceed(nowMs);
    if (outer !== undefined) return;
    this.#thread.shown[0] = NOBODY;
    this.#scheduler.stopped(this.#share);
  }

  pause(nowMs: number): void {
    const sinceMs = nowMs - this.#sinceMs;
    if (this.#thread.isDue(nowMs))
      this.#charge(Math.min(sinceMs, this.#thread.sample(nowMs) - this.#threadMs));
    else this.#charge(sinceMs);
  }

  proceed(nowMs: number): void {
    this.#thread.shown[0] = this.#place;
    if (this.#thread.isDue(nowMs)) this.#thread.sample(nowMs);
    this.#sinceMs = nowMs;
    this.#threadMs = this.#thread.sampledMs;
  }

  /**
   * Runs work of the host for the guest that belongs to no invocation and is charged to nobody, such as a reset; a watchdog
   * sees whose it is.
   */
  show<T>(work: () => T): T {
    const { shown } = this.#thread;
    const before = shown[0] ?? NOBODY;
    shown[0] = this.#place;
    try {
      return work();
    } finally {
      shown[0] = before;
    }
  }

  expired(): 0 | 1 {
    if (this.#ending !== undefined) throw this.#ending;
    if (this.#thread.isClosed) this.#owner.endForCpu();
    if (this.#thread.running.at(-1) !== this) {
      this.#openRun();
      return 0;
    }
    const nowMs = this.#thread.nowMs();
    this.pause(nowMs);
    this.proceed(nowMs);
    if (this.#usedMs >= this.#limitMs) this.#owner.endForCpu();
    return this.#sliceMs >= SLICE_MS ? 1 : 0;
  }

  yield(): Promise<void> {
    this.#startSlice();
    return new Promise((resolve, reject) => this.#request(true, resolve, reject));
  }

  nested(frame: number): void {
    this.#owesTurn = true;
    if (this.#frame !== frame) {
      // The first tick under a frame notices it.
      this.#frame = frame;
      this.#frameMs = this.#usedMs - Math.min(this.#sliceMs, TICK_MS);
    } else if (this.#usedMs - this.#frameMs >= NESTED_MS) {
      this.#owner.endForCpu();
    }
  }

  returned(): void {
    if (this.#owesTurn) this.#thread.raise();
  }

  resume(settle: () => void, cancel: (ending: unknown) => void): void {
    this.#request(false, settle, cancel);
  }

  goOn(): void {
    queueMicrotask(this.#continueSlice);
  }

  /**
   * Ends the invocation as far as running goes: whoever waits for a turn is told at once, and nothing is given a
   * turn any more until `begin`. Idempotent; the first ending stays.
   */
  cancel(ending: Error): void {
    this.#ending ??= ending;
    if (this.#turns.size === 0) return;
    for (const turn of this.#turns) {
      this.#scheduler.withdraw(turn);
      turn.cancel(this.#ending);
    }
    this.#turns.clear();
  }

  #startSlice(): void {
    this.#sliceMs = 0;
    this.#frame = -1;
    this.#owesTurn = false;
  }

  /** It runs from now on. Returns false if it did already. */
  #push(): boolean {
    const { running } = this.#thread;
    const outer = running.at(-1);
    running.push(this);
    if (outer === this) return false;
    const nowMs = this.#thread.nowMs();
    outer?.pause(nowMs);
    this.proceed(nowMs);
    return true;
  }

  #charge(ms: number): void {
    this.#usedMs += ms;
    this.#sliceMs += ms;
    this.#scheduler.charge(this.#share, ms);
  }

  #request(preempted: boolean, settle: () => void, cancel: (ending: unknown) => void): void {
    if (this.#ending !== undefined) {
      cancel(this.#ending);
      return;
    }
    const turn: MeterTurn = {
      share: this.#share,
      preempted,
      cancel,
      start: () => {
        this.#turns.delete(turn);
        this.#continue(settle, cancel);
      },
    };
    this.#turns.add(turn);
    this.#scheduler.request(turn);
  }

  #continue(settle: () => void, cancel: (ending: unknown) => void): void {
    if (this.#usedMs >= this.#limitMs || this.#thread.isClosed) {
      try {
        this.#owner.endForCpu();
      } catch (ending) {
        cancel(ending);
      }
      queueMicrotask(() => this.#scheduler.finish());
      return;
    }
    queueMicrotask(() => this.enter());
    this.enter();
    settle();
    this.leave();
    queueMicrotask(() => {
      this.leave();
      this.#scheduler.finish();
    });
  }

  /** Guest code runs that nobody entered: generated glue went on by itself. It is charged until the next microtask. */
  #openRun(): void {
    this.enter();
    queueMicrotask(() => this.leave());
  }
}

interface MeterTurn extends Turn {
  readonly cancel: (ending: unknown) => void;
}

const UNBEGUN: CpuOwner = {
  endForCpu: () => {
    throw new Error('A guest runs before its invocation began');
  },
};
