/**
 * A read or write of a stream or future that a guest has begun: where in its memory, and how far it is. And the
 * end that it was begun on.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#stream-state
 */
import type { GuestMemory } from '../guest-memory.ts';
import { breakRule } from '../rule.ts';
import { Waitable, type WaitableEvent } from './waitable.ts';

/** What became of a copy. */
export const COPY = Object.freeze({ completed: 0, dropped: 1, cancelled: 2 });

/** Returned for a copy that is not done yet. */
export const BLOCKED = -1;

/** Most elements of one copy: their number is passed above the four bits of the result. */
export const MAX_ELEMENTS = 2 ** 28 - 1;

/** A copy under way. */
export class Copy {
  readonly memory: GuestMemory;
  readonly pointer: number;
  /** Elements there is room for, or that are given. */
  readonly length: number;
  readonly elementBytes: number;
  /** Elements copied so far. */
  progress = 0;
  /** Set when there is something to tell. */
  result: number | undefined;
  /** Told when `result` is set while nobody looks. */
  onResult: () => void = doNothing;

  constructor(memory: GuestMemory, pointer: number, length: number, elementBytes: number) {
    this.memory = memory;
    this.pointer = pointer;
    this.length = length;
    this.elementBytes = elementBytes;
  }

  get remaining(): number {
    return this.length - this.progress;
  }

  /** Where the next element lies. */
  get position(): number {
    return this.pointer + this.progress * this.elementBytes;
  }

  /** Sets what became of it; the first one stays, but that the other end left counts more. */
  settle(result: number): void {
    if (this.result === undefined || result === COPY.dropped) this.result = result;
    this.onResult();
  }

  /** What the guest is told. */
  get packed(): number {
    return ((this.result ?? COPY.cancelled) | (this.progress << 4)) >>> 0;
  }
}

/** The side of a stream or future that a copy is made with. */
export interface CopyPeer<C> {
  /** A copy begins; sets its result if it is done at once. */
  begin(copy: C): void;
  /** It is over, whether done or cancelled: nothing is copied any more. */
  forget(copy: C): void;
  /** The guest drops the end. */
  leave(): void;
}

/** An end in the hands of a guest. */
export class CopyEnd<C extends Copy> extends Waitable {
  /** Of the stream or future, among the component's types. */
  readonly type: number;
  readonly peer: CopyPeer<C>;
  /** Code of its events: which end it is. */
  readonly event: number;
  readonly #mustFinish: boolean;
  #copy: C | undefined;
  #isDone = false;

  /**
   * @param event Code of its events.
   * @param mustFinish Whether it may be dropped only after its copy: the writable end of a future.
   */
  constructor(type: number, peer: CopyPeer<C>, event: number, mustFinish = false) {
    super();
    this.type = type;
    this.peer = peer;
    this.event = event;
    this.#mustFinish = mustFinish;
  }

  get hasEvent(): boolean {
    return this.#copy?.result !== undefined;
  }

  /** Whether the guest has begun something on it that is not over. */
  get isBusy(): boolean {
    return this.#copy !== undefined;
  }

  /** Begins a copy. @returns What became of it, or `BLOCKED`. */
  begin(copy: C): number {
    if (this.#copy !== undefined) breakRule('an end of a stream or future is used twice at a time');
    if (this.#isDone) breakRule('an end of a stream or future is used after it was done');
    this.#copy = copy;
    this.peer.begin(copy);
    if (copy.result !== undefined) return this.#finish(copy);
    copy.onResult = () => this.notify();
    return BLOCKED;
  }

  /** Cancels the copy under way. @returns What became of it. */
  cancel(): number {
    const copy = this.#copy;
    if (copy === undefined) return breakRule('there is no read or write to cancel');
    return this.#finish(copy);
  }

  takeEvent(): WaitableEvent {
    const copy = this.#copy;
    if (copy === undefined) return breakRule('an end without a copy has no event');
    return [this.event, this.handle, this.#finish(copy)];
  }

  drop(): void {
    if (this.#copy !== undefined)
      breakRule('an end of a stream or future was dropped while in use');
    if (this.#mustFinish && !this.#isDone) {
      breakRule('the writable end of a future was dropped before a value was written');
    }
    this.peer.leave();
  }

  abandon(): void {
    const copy = this.#copy;
    this.#copy = undefined;
    if (copy !== undefined) this.peer.forget(copy);
    this.peer.leave();
  }

  #finish(copy: C): number {
    this.#copy = undefined;
    this.peer.forget(copy);
    this.deliver(copy);
    if (copy.result === COPY.dropped) this.#isDone = true;
    return copy.packed;
  }

  /** Whether nothing can be copied any more. */
  protected done(): void {
    this.#isDone = true;
  }

  /** A copy that is over is about to be told. */
  protected deliver(_copy: C): void {
    // Streams copy when both sides meet; futures from the host when the guest asks.
  }
}

function doNothing(): void {
  // Nobody waits for a copy that is done at once.
}
