/**
 * Futures: like streams of one value. Between guest and host a value is lifted or lowered as parameters are; in the
 * hands of the host a future is a promise.
 */
import { endReasonOf } from '../../ending.ts';
import type { GuestMemory } from '../guest-memory.ts';
import { breakRule } from '../rule.ts';
import { COPY, Copy, CopyEnd, type CopyPeer } from './copy.ts';
import { EVENT } from './waitable.ts';

/** Reads the value at an address. */
export type LiftValue = (pointer: number) => unknown;

/** Writes a value to an address. */
export type LowerValue = (pointer: number, value: unknown) => void;

/** A read or write of a future. */
export class FutureCopy extends Copy {
  readonly lift: LiftValue | undefined;
  readonly lower: LowerValue | undefined;
  /** Whether it is a number, or nothing: copied within a guest as it is. */
  readonly isPlain: boolean;
  /** Set if the host gave it: lowered when the guest is told. */
  given: { readonly value: unknown } | undefined;

  constructor(
    memory: GuestMemory,
    pointer: number,
    bytes: number,
    isPlain: boolean,
    { lift, lower }: { readonly lift?: LiftValue; readonly lower?: LowerValue },
  ) {
    super(memory, pointer, 1, bytes);
    this.lift = lift;
    this.lower = lower;
    this.isPlain = isPlain;
  }

  /** Futures tell no number of elements. */
  override get packed(): number {
    return this.result ?? COPY.cancelled;
  }
}

/** An end of a future in the hands of a guest. */
export class FutureEnd extends CopyEnd<FutureCopy> {
  constructor(type: number, peer: CopyPeer<FutureCopy>, side: 'read' | 'write') {
    super(type, peer, side === 'read' ? EVENT.futureRead : EVENT.futureWrite, side === 'write');
  }

  protected override deliver(copy: FutureCopy): void {
    if (copy.result !== undefined) this.done();
    if (copy.result !== COPY.completed || copy.given === undefined) return;
    copy.lower?.(copy.pointer, copy.given.value);
  }
}

/** A future that a guest writes. */
export class GuestFuture {
  readonly writer: CopyPeer<FutureCopy>;
  readonly reader: CopyPeer<FutureCopy>;
  #write: FutureCopy | undefined;
  #read: FutureCopy | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  #readerLeft = false;

  constructor() {
    this.writer = {
      begin: (copy) => this.#beginWrite(copy),
      forget: (copy) => {
        if (this.#write === copy) this.#write = undefined;
      },
      leave: doNothing,
    };
    this.reader = {
      begin: (copy) => this.#beginRead(copy),
      forget: (copy) => {
        if (this.#read === copy) this.#read = undefined;
      },
      leave: () => this.#leaveReader(),
    };
  }

  /** The host takes the readable end, and is given the value as soon as there is one. */
  take(): Promise<unknown> {
    const write = this.#write;
    if (write !== undefined) {
      this.#write = undefined;
      const value = write.lift?.(write.pointer);
      write.settle(COPY.completed);
      return Promise.resolve(value);
    }
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  #beginWrite(write: FutureCopy): void {
    if (this.#readerLeft) {
      write.settle(COPY.dropped);
    } else if (this.#resolve !== undefined) {
      this.#resolve(write.lift?.(write.pointer));
      write.settle(COPY.completed);
    } else if (this.#read !== undefined) {
      const read = this.#read;
      this.#read = undefined;
      copyWithin(write, read);
      read.settle(COPY.completed);
      write.settle(COPY.completed);
    } else this.#write = write;
  }

  #beginRead(read: FutureCopy): void {
    const write = this.#write;
    if (write === undefined) {
      this.#read = read;
      return;
    }
    this.#write = undefined;
    copyWithin(write, read);
    write.settle(COPY.completed);
    read.settle(COPY.completed);
  }

  #leaveReader(): void {
    this.#readerLeft = true;
    const write = this.#write;
    this.#write = undefined;
    write?.settle(COPY.dropped);
  }
}

/** The reading side of a future that the host writes. */
export class HostFuture implements CopyPeer<FutureCopy> {
  /** As the host gave it. */
  readonly promise: Promise<unknown>;
  #given: { readonly value: unknown } | undefined;
  #read: FutureCopy | undefined;
  #left = false;

  /** @param onFailure Told if it rejects while the guest has it: the guest was ended, or the host has an error. */
  constructor(promise: Promise<unknown>, onFailure: (error: unknown) => void) {
    this.promise = promise;
    promise.then(
      (value) => {
        this.#given = { value };
        const read = this.#read;
        if (read === undefined) return;
        read.given = this.#given;
        read.settle(COPY.completed);
      },
      (error: unknown) => {
        if (!this.#left) onFailure(error);
      },
    );
  }

  begin(read: FutureCopy): void {
    this.#read = read;
    if (this.#given === undefined) return;
    read.given = this.#given;
    read.settle(COPY.completed);
  }

  forget(read: FutureCopy): void {
    if (this.#read === read) this.#read = undefined;
  }

  leave(): void {
    // What the promise resolves with is the host's to give up.
    this.#left = true;
  }
}

/** Whether a promise failed because its guest was ended, which whoever ended it has told. */
export function isEnded(error: unknown): boolean {
  const kind = endReasonOf(error)?.kind;
  return kind === 'closing' || kind === 'timeout' || kind === 'cancelled';
}

/** Both ends are in one guest: as long as the specification has it so, only numbers can be passed. */
function copyWithin(write: FutureCopy, read: FutureCopy): void {
  if (!write.isPlain) {
    breakRule('a future of other values than numbers was read by the component that writes it');
  }
  if (write.elementBytes > 0) {
    read.memory.copyIn(read.pointer, write.memory.copyOut(write.pointer, write.elementBytes));
  }
}

function doNothing(): void {
  // A writable end is dropped after its value was written.
}
