/**
 * Streams: a guest writes and the host reads, the host writes and a guest reads, or both ends are in one guest.
 * Nothing is kept between the two: bytes move when both sides are there, which is what slows a writer down.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#stream-state
 */
import type { ByteStream } from '../../byte-stream.ts';
import { endReasonOf } from '../../ending.ts';
import { COPY, type Copy, type CopyPeer } from './copy.ts';

/** A stream that a guest writes. In the hands of the host it is a `ByteStream`. */
export class GuestStream implements ByteStream {
  /** What the writable end is made with. */
  readonly writer: CopyPeer<Copy>;
  /** What the readable end is made with. */
  readonly reader: CopyPeer<Copy>;
  #write: Copy | undefined;
  #read: Copy | undefined;
  #writerLeft = false;
  #readerLeft = false;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  /** @param onWritten Told when the guest has dropped the writable end. */
  constructor(onWritten: (stream: GuestStream) => void) {
    this.writer = {
      begin: (copy) => this.#beginWrite(copy),
      forget: (copy) => {
        if (this.#write === copy) this.#write = undefined;
      },
      leave: () => {
        onWritten(this);
        this.#leaveWriter();
      },
    };
    this.reader = {
      begin: (copy) => this.#beginRead(copy),
      forget: (copy) => {
        if (this.#read === copy) this.#read = undefined;
      },
      leave: () => this.close(),
    };
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    if (this.#failure !== undefined) throw this.#failure;
    const write = this.#write;
    if (write !== undefined && write.remaining > 0) {
      const count = Math.min(maxBytes, write.remaining);
      const bytes = write.memory.copyOut(write.position, count);
      this.#advance(write, count);
      return bytes;
    }
    this.#passEmptyWrite();
    return this.#writerLeft ? 'end' : undefined;
  }

  ready(): Promise<void> {
    this.#passEmptyWrite();
    if (this.#isReady) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  close(): void {
    if (this.#readerLeft) return;
    this.#readerLeft = true;
    const write = this.#write;
    this.#write = undefined;
    write?.settle(COPY.dropped);
    this.#wake();
  }

  /** Nobody will write any more, and it is not whole: the guest has left it open. */
  fail(reason: Error): void {
    if (this.#writerLeft) return;
    this.#failure ??= reason;
    this.#write = undefined;
    this.#wake();
  }

  get #isReady(): boolean {
    const { remaining = 0 } = this.#write ?? {};
    return remaining > 0 || this.#writerLeft || this.#readerLeft || this.#failure !== undefined;
  }

  #beginWrite(write: Copy): void {
    const read = this.#read;
    if (this.#readerLeft) {
      write.settle(COPY.dropped);
    } else if (read === undefined) {
      this.#write = write;
      this.#wake();
    } else if (read.remaining > 0) {
      this.#move(write, read);
      write.settle(COPY.completed);
    } else if (write.length === 0 && read.length === 0) {
      write.settle(COPY.completed);
    } else {
      this.#read = undefined;
      read.settle(COPY.completed);
      this.#write = write;
    }
  }

  #beginRead(read: Copy): void {
    const write = this.#write;
    if (write !== undefined && write.remaining > 0) {
      this.#move(write, read);
      read.settle(COPY.completed);
      return;
    }
    this.#passEmptyWrite();
    if (this.#writerLeft) read.settle(COPY.dropped);
    else this.#read = read;
  }

  /** Copies within a guest. */
  #move(write: Copy, read: Copy): void {
    const count = Math.min(write.remaining, read.remaining);
    if (count === 0) return;
    const bytes = count * write.elementBytes;
    if (bytes > 0) read.memory.copyIn(read.position, write.memory.copyOut(write.position, bytes));
    this.#advance(write, count);
    read.progress += count;
    if (this.#read === read) {
      if (read.remaining === 0) this.#read = undefined;
      read.settle(COPY.completed);
    }
  }

  #advance(write: Copy, count: number): void {
    write.progress += count;
    if (this.#write !== write) return;
    if (write.remaining === 0) this.#write = undefined;
    write.settle(COPY.completed);
  }

  /** A write of nothing only asks whether somebody reads. */
  #passEmptyWrite(): void {
    const write = this.#write;
    if (write === undefined || write.remaining > 0) return;
    this.#write = undefined;
    write.settle(COPY.completed);
  }

  #leaveWriter(): void {
    this.#writerLeft = true;
    const read = this.#read;
    this.#read = undefined;
    read?.settle(COPY.dropped);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The reading side of a stream that the host writes. */
export class HostStream implements CopyPeer<Copy> {
  readonly source: ByteStream;
  readonly #onFailure: (error: unknown) => void;
  #read: Copy | undefined;

  /** @param onFailure Told if the guest was ended by what it read, while it waited for it. */
  constructor(source: ByteStream, onFailure: (error: unknown) => void) {
    this.source = source;
    this.#onFailure = onFailure;
  }

  begin(read: Copy): void {
    this.#read = read;
    if (read.length > 0) this.#fill(read);
    else this.#whenReady(read);
  }

  forget(read: Copy): void {
    if (this.#read === read) this.#read = undefined;
  }

  leave(): void {
    this.source.close();
  }

  #fill(read: Copy): void {
    const taken = this.#take(read.length);
    if (taken === undefined) {
      this.#whenReady(read);
    } else if (taken === 'end') {
      read.settle(COPY.dropped);
    } else {
      read.memory.copyIn(read.pointer, taken);
      read.progress = taken.length;
      read.settle(COPY.completed);
    }
  }

  #whenReady(read: Copy): void {
    const goOn = (): void => {
      if (this.#read !== read) return;
      if (read.length > 0) this.#fill(read);
      else read.settle(COPY.completed);
    };
    this.source.ready().then(goOn).catch(this.#onFailure);
  }

  /** A source that fails ends: why is told by the future that goes with it. */
  #take(maxBytes: number): Uint8Array | undefined | 'end' {
    try {
      return this.source.take(maxBytes);
    } catch (error) {
      if (endReasonOf(error) !== undefined) throw error;
      return 'end';
    }
  }
}
