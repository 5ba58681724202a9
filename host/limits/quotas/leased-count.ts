/**
 * A worker's part of something of which all workers together have a fixed number: places, instances, chunks of memory.
 *
 * Taking a unit that is at hand is a comparison and an addition. All else is done at the end of the turn (`flush`): the
 * authority is told what is lacking, and given back what it called for.
 */
import type { WorkerQuotaMessage } from './quota-messages.ts';

/** How long units that others are owed may still be used for the worker's own queue: what handing them over costs is small against it. */
const KEEP_MS = 20;

/** How long it is believed that there is nothing to be had, ms: so long nobody is asked for each request that is refused. */
const REMEMBER_MS = 2;

/** Who uses the units. */
export interface CountOwner {
  /** Units that it would use now if it had them. */
  readonly lacking: number;
  /** There are units that nobody uses. */
  onGranted(): void;
  /** There are none to be had for now. */
  onShort(): void;
  /** Units that are in use for nothing but convenience; absent: none. */
  readonly spare?: number;
  /** Idle units that it likes to have ahead; absent: none. */
  readonly ahead?: number;
  /** Others lack units: from now on it likes to have none ahead. */
  onRecall?(): void;
  /** Others are owed units: gives up some in use, if it can. What it cannot follows as it comes free. */
  giveUp?(units: number): void;
  /** Others lack units: gives back some of those that are in use for convenience. */
  reclaim?(units: number): void;
}

/** What a count works with. */
export interface CountParts {
  readonly key: string;
  /** Of all workers together. */
  readonly total: number;
  readonly owner: CountOwner;
  readonly nowMs: () => number;
  /** Has `flush` called at the end of the turn. */
  readonly mark: (count: LeasedCount) => void;
}

/** Units lent to one worker. */
export class LeasedCount {
  readonly key: string;
  readonly total: number;
  /** Units lent. */
  held = 0;
  /** Units in use, at most `held` unless more was used before they were called for. */
  used = 0;
  /** Nothing more is to be had: the authority said so since something was lacking. */
  isShort = false;
  #shortUntilMs = -Infinity;
  readonly #owner: CountOwner;
  readonly #nowMs: () => number;
  readonly #mark: (count: LeasedCount) => void;
  /** The need that the authority knows. */
  #toldNeed = 0;
  /** The authority knows that something is lacking, and has or will answer. */
  #hasAsked = false;
  /** Given up and not told yet. */
  #released = 0;
  #recalled = 0;
  #due = 0;
  #dueAtMs = 0;
  #answers: number | undefined;
  #isClosed = false;
  /** Units that were idle at the last look. */
  #idleBefore = 0;

  constructor({ key, total, owner, nowMs, mark }: CountParts) {
    this.key = key;
    this.total = total;
    this.#owner = owner;
    this.#nowMs = nowMs;
    this.#mark = mark;
  }

  /** Whether nothing was to be had a moment ago. */
  get wasShortLately(): boolean {
    return this.isShort || this.#nowMs() < this.#shortUntilMs;
  }

  /** Takes a unit if one is at hand. */
  take(): boolean {
    if (this.used >= this.held) return false;
    this.used += 1;
    return true;
  }

  /**
   * Gives a unit back.
   *
   * @returns Whether the worker may use it again: not if others are owed one.
   */
  give(): boolean {
    this.used -= 1;
    if (this.#isClosed) {
      this.#release(1);
      this.#mark(this);
      return false;
    }
    if (this.#recalled === 0 && this.#due === 0) return this.used < this.held;
    this.#mark(this);
    // Others are owed it; but for a short time what waits here goes first, so that units do not move for each use.
    if (this.#due > 0 && (this.#owner.lacking === 0 || this.#nowMs() >= this.#dueAtMs)) {
      this.#release(1);
    }
    return this.used < this.held;
  }

  /** Something is lacking that was not, or more of it. */
  ask(): void {
    if (!this.#hasAsked || this.#need() > this.#toldNeed) this.#mark(this);
  }

  /** Nothing is lacking any more. */
  calm(): void {
    this.isShort = false;
    this.#hasAsked = false;
    if (this.#toldNeed > this.held) this.#mark(this);
  }

  /** The authority lent more. */
  grant(units: number): void {
    this.held += units;
    // What was asked for is kept for a while, also if it is not used yet.
    this.#idleBefore = 0;
    this.#shortUntilMs = -Infinity;
    this.#owner.onGranted();
    // Idle ones that nobody here wants any more and others do are given back again.
    if (this.#recalled > 0) this.#mark(this);
  }

  /** The authority calls units back. */
  recall(id: number, idle: number, due: number): void {
    if (due > 0 && this.#due === 0) this.#dueAtMs = this.#nowMs() + KEEP_MS;
    this.#recalled = idle;
    this.#due = due;
    if (idle === 0 && due === 0) return;
    this.#owner.onRecall?.();
    this.#answers = id;
    this.#mark(this);
    const beyondIdle = due - Math.max(0, this.held - this.used);
    if (beyondIdle > 0) this.#owner.giveUp?.(beyondIdle);
  }

  /** The authority has nothing more. */
  short(): void {
    if (this.#owner.lacking === 0) return;
    this.isShort = true;
    this.#shortUntilMs = this.#nowMs() + REMEMBER_MS;
    this.#owner.onShort();
  }

  /** The authority is gone: nobody calls anything back. */
  leftAlone(): void {
    this.isShort = false;
    this.#shortUntilMs = -Infinity;
    this.#recalled = 0;
    this.#due = 0;
    this.#answers = undefined;
  }

  /** A new authority knows nothing but what `held` says. */
  rejoin(): void {
    this.#toldNeed = 0;
    this.#hasAsked = false;
    this.#released = 0;
    this.leftAlone();
    if (this.#owner.lacking > 0) this.#mark(this);
  }

  /** There has been no authority for long: one unit is used that nobody lent, so that something goes on. */
  overdraw(): void {
    if (this.held > 0 || this.total === 0 || this.#owner.lacking === 0) return;
    this.held = 1;
    this.#owner.onGranted();
  }

  /** Called from time to time: gives back what was idle now and the last time. */
  look(): void {
    const idle = this.held - this.used;
    const { lacking, ahead = 0 } = this.#owner;
    const unneeded = lacking === 0 ? Math.min(idle, this.#idleBefore) - ahead : 0;
    this.#idleBefore = idle;
    if (unneeded <= 0) return;
    this.#idleBefore -= unneeded;
    this.#release(unneeded);
    this.#mark(this);
  }

  /** Nothing is taken any more: gives everything back, what is in use as it comes. */
  close(): void {
    this.#isClosed = true;
    this.#release(Math.max(0, this.held - this.used));
    this.#mark(this);
  }

  /** What the authority is to know; undefined if it knows it. */
  flush(): WorkerQuotaMessage | undefined {
    if (this.#recalled > 0) this.#giveIdle();
    const { lacking } = this.#owner;
    const need = this.#need();
    const answers = this.#answers;
    const isNews =
      this.#released > 0 ||
      answers !== undefined ||
      (lacking > 0 ? !this.#hasAsked || need > this.#toldNeed : this.#toldNeed > this.held);
    if (!isNews) return undefined;
    const release = this.#released;
    this.#released = 0;
    this.#answers = undefined;
    this.#toldNeed = need;
    this.#hasAsked = lacking > 0;
    const claim = { kind: 'claim', key: this.key, need, release } as const;
    return answers === undefined ? claim : { ...claim, answers };
  }

  #giveIdle(): void {
    const owner = this.#owner;
    let idle = this.held - this.used;
    const isWaiting = owner.lacking > 0;
    const most = isWaiting ? this.#due : this.#recalled;
    if (idle < most && owner.reclaim !== undefined) {
      owner.reclaim(most - idle);
      idle = this.held - this.used;
    }
    // What waits here and is not owed to others goes first.
    if (isWaiting && this.#nowMs() < this.#dueAtMs) return;
    this.#release(Math.max(0, Math.min(idle, most)));
  }

  #release(units: number): void {
    this.held -= units;
    this.#released += units;
    this.#recalled = Math.max(0, this.#recalled - units);
    this.#due = Math.max(0, this.#due - units);
  }

  #need(): number {
    const { lacking, spare = 0 } = this.#owner;
    // Whoever lacks units has none to spare: what is in use for convenience is wanted as well.
    const needed = lacking > 0 ? this.used : Math.max(0, this.used - spare);
    return Math.min(needed + lacking, this.total);
  }
}
