/**
 * A gate whose places, and places in the queue, are shared by all workers of a host. A caller who finds no place here
 * waits; at first without a place in the queue as well, until the authority has said what there is. It is refused if
 * neither is to be had.
 */
import { Queue } from '../../base/queue.ts';
import { HeldPlace, type Lease, type PlaceGate } from '../../base/gate.ts';
import type { LeasedCount } from './leased-count.ts';

/** What a gate works with. */
export interface SharedGateParts {
  /** Makes the count of places, which calls back. */
  readonly openPlaces: (gate: SharedGate) => LeasedCount;
  /** The same for places in the queue; undefined: the queue has no end. */
  readonly openQueue: ((gate: SharedGate) => LeasedCount) | undefined;
  readonly after: (delayMs: number, task: () => void) => () => void;
  /** How long a caller waits for the authority's word, ms. */
  readonly answerMs: () => number;
  /** Share of this worker while there is no authority, 0 to 1; undefined if there is one. */
  readonly aloneShare: () => number | undefined;
  /** What holds places for nothing but convenience; absent: nothing does. */
  readonly convenience?: Convenience;
  /** The counts are to be forgotten. */
  readonly onClose: (counts: readonly LeasedCount[]) => void;
}

/** Holders of places who need them only to be quick later. */
export interface Convenience {
  /** Places that they hold. */
  spare(): number;
  /** Others lack places: has some of them released. */
  reclaim(units: number): void;
}

type Enter = (lease: Lease | undefined) => void;

/** A gate of one worker. */
export class SharedGate implements PlaceGate {
  readonly #parts: SharedGateParts;
  readonly #places: LeasedCount;
  readonly #queue: LeasedCount | undefined;
  /** In the order they came: those in front have the places in the queue. */
  readonly #waiting = new Queue<Enter>();
  readonly #giveBack = (): void => {
    if (this.#places.give() && this.#waiting.size > 0) this.#admitNext();
  };
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: SharedGateParts) {
    this.#parts = parts;
    this.#places = parts.openPlaces(this);
    this.#queue = parts.openQueue?.(this);
  }

  get held(): number {
    return this.#places.used;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  take(): Lease | undefined {
    return this.#places.take() ? new HeldPlace(this.#giveBack) : undefined;
  }

  acquire(signal?: AbortSignal): Lease | Promise<Lease | undefined> | undefined {
    const place = this.take();
    if (place !== undefined) return place;
    if (this.#isClosed || !this.#mayWait()) return undefined;
    return new Promise((resolve, reject) => {
      const enter: Enter = (lease) => {
        signal?.removeEventListener('abort', leave);
        resolve(lease);
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        this.#settleQueue();
        reject(signal?.reason);
      };
      if (signal?.aborted === true) return reject(signal.reason);
      this.#waiting.add(enter);
      signal?.addEventListener('abort', leave, { once: true });
      this.#settleQueue();
      this.#places.ask();
    });
  }

  /** Callers who wait for a place. */
  get lacking(): number {
    return this.#waiting.size;
  }

  /** Callers who wait, and have no place in the queue. */
  get uncovered(): number {
    return this.#queue === undefined ? 0 : this.#waiting.size - this.#queue.used;
  }

  /** Places came. */
  admit(): void {
    while (this.#waiting.size > 0 && this.#places.used < this.#places.held) this.#admitNext();
  }

  /** A place in the queue came, or the authority has said that there is none. */
  settle(): void {
    this.#settleQueue();
    this.#refuseUncovered(false);
  }

  /** Others, who have fewer who wait, are owed places in the queue: those who came last are refused. */
  refuseNewest(count: number): void {
    const refused = [...this.#waiting].slice(-count);
    for (const enter of refused) this.#waiting.delete(enter);
    this.#settleQueue();
    for (const enter of refused) enter(undefined);
  }

  get spare(): number {
    return this.#parts.convenience?.spare() ?? 0;
  }

  reclaim(units: number): void {
    this.#parts.convenience?.reclaim(units);
  }

  /** Nobody takes a place any more; those who wait are refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer?.();
    for (const enter of this.#waiting) enter(undefined);
    this.#waiting.clear();
    this.#settleQueue();
    this.#parts.onClose(this.#queue === undefined ? [this.#places] : [this.#places, this.#queue]);
  }

  #admitNext(): void {
    const enter = this.#waiting.first;
    const lease = enter === undefined ? undefined : this.take();
    if (enter === undefined || lease === undefined) return;
    this.#waiting.delete(enter);
    this.#settleQueue();
    enter(lease);
  }

  /** Whether one more may wait, as far as is known here. */
  #mayWait(): boolean {
    const queue = this.#queue;
    const waiting = this.#waiting.size;
    const share = this.#parts.aloneShare();
    if (queue === undefined) return share === undefined;
    if (waiting < queue.held) return true;
    if (share !== undefined) return waiting < Math.max(1, Math.ceil(queue.total * share));
    // Nobody can have more than all there is, wherever the others are.
    if (waiting >= queue.total + this.#places.total) return false;
    return !this.#isKnownFull(queue);
  }

  /** Where all wait who may, all places are in use. */
  #isKnownFull(queue: LeasedCount): boolean {
    const count = queue.total === 0 ? this.#places : queue;
    return count.held >= count.total || count.wasShortLately;
  }

  /** Gives those who wait the places in the queue that are there, and asks for what is missing. */
  #settleQueue(): void {
    if (this.#waiting.size === 0) this.#places.calm();
    const queue = this.#queue;
    if (queue === undefined) return;
    while (queue.used > this.#waiting.size) queue.give();
    while (queue.used < this.#waiting.size && queue.take());
    if (this.uncovered === 0) {
      queue.calm();
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      return;
    }
    if (queue.total > 0) queue.ask();
    this.#cancelTimer ??= this.#parts.after(this.#parts.answerMs(), () => {
      this.#cancelTimer = undefined;
      this.#refuseUncovered(true);
    });
  }

  /** @param isLate The authority has had its time. */
  #refuseUncovered(isLate: boolean): void {
    const queue = this.#queue;
    if (queue === undefined || this.uncovered <= 0) return;
    // Without an authority all wait who were let in: a new one is probably coming.
    if (this.#parts.aloneShare() !== undefined) return;
    if (!isLate && !this.#isKnownFull(queue)) return;
    this.refuseNewest(this.uncovered);
  }
}
