/**
 * A semaphore with a bounded queue: at most `limit` holders at once, at most `queueLimit` waiting,
 * first come first served; who comes after that is refused at once.
 */
import { Queue } from './queue.ts';

/** A held place; disposing gives it back. Disposing twice gives back once. */
export interface Lease extends Disposable {
  release(): void;
}

/** Bounds how many hold a place at once, and how many wait for one. */
export interface PlaceGate {
  /** Places held now. */
  readonly held: number;
  /** Callers waiting now. */
  readonly waiting: number;
  /** Takes a place if one is free. Costs an addition and an object. */
  take(): Lease | undefined;
  /**
   * Takes a place, waiting for one if the queue has room.
   *
   * @param signal Leaves the queue when aborted; the promise rejects with the signal's reason.
   * @returns The place, a promise of one, or undefined if the queue is full; where that is only known later, the
   * promise gives undefined.
   */
  acquire(signal?: AbortSignal): Lease | Promise<Lease | undefined> | undefined;
  /** Nobody will ask for a place any more. */
  close(): void;
}

/** Counts holders and those who wait. */
export class Gate implements PlaceGate {
  readonly #limit: number;
  readonly #queueLimit: number;
  readonly #waiting = new Queue<(lease: Lease) => void>();
  readonly #giveBack = (): void => {
    this.#held -= 1;
    this.#admitNext();
  };
  #held = 0;

  /**
   * @param limit Most holders at once, at least 1.
   * @param queueLimit Most waiters at once, 0 or more.
   */
  constructor(limit: number, queueLimit: number) {
    this.#limit = limit;
    this.#queueLimit = queueLimit;
  }

  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  take(): Lease | undefined {
    return this.#held < this.#limit ? this.#take() : undefined;
  }

  acquire(signal?: AbortSignal): Lease | Promise<Lease> | undefined {
    if (this.#held < this.#limit) return this.#take();
    if (this.#waiting.size >= this.#queueLimit) return undefined;
    return new Promise<Lease>((resolve, reject) => {
      const enter = (lease: Lease): void => {
        signal?.removeEventListener('abort', leave);
        resolve(lease);
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(signal?.reason);
      };
      if (signal?.aborted === true) return leave();
      this.#waiting.add(enter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  close(): void {
    // It holds nothing.
  }

  #take(): Lease {
    this.#held += 1;
    return new HeldPlace(this.#giveBack);
  }

  #admitNext(): void {
    const enter = this.#waiting.first;
    if (enter === undefined) return;
    this.#waiting.delete(enter);
    enter(this.#take());
  }
}

/** A class, because an object literal with a computed name and a closure each costs half a microsecond. */
export class HeldPlace implements Lease {
  #giveBack: (() => void) | undefined;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
