/**
 * The resource `output-stream` of `wasi:io/streams`, over any `ByteSink`.
 *
 * Engines hand over byte lists as copies of guest memory, so they go to the sink as they are. Several
 * streams may share a sink (each `get-stdout` makes one): a stream that was permitted room which
 * another one has used since keeps the rest and writes it as room appears.
 */
import type { GuestMemory } from '../../component/abi/guest-memory.ts';
import { STANDING, type MakeStanding } from '../../component/abi/standing-resource.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { ByteSink, Guest } from '../ports.ts';
import { InputStream } from './input-stream.ts';
import { Pollable } from './pollable.ts';
import { createClosedError, createFailedError } from './stream-error.ts';

/** Most bytes one `write` may bring: bounds what a stream can hold back. */
const WRITE_LIMIT_BYTES = 65_536;
/** Most bytes of one `blocking-write…-and-flush`, as the specification has it. */
const BLOCKING_WRITE_LIMIT_BYTES = 4096;

/** Pieces up to this size go to a sink as text, if it takes that: a string costs less than an array and the text made of it. */
const TEXT_BYTES = 1024;

/** Bytes that a guest writes. */
export class OutputStream {
  readonly #guest: Guest;
  readonly #sink: ByteSink;
  readonly #onDrop: () => void;
  readonly #makeStanding: MakeStanding | undefined;
  readonly #refund: () => void;
  #permittedBytes = 0;
  /** A flush, or the rest of a write, under way: nothing more is accepted until then. Never rejects. */
  #busy: Promise<void> | undefined;
  #failureShown = false;
  #dropped = false;

  /**
   * @param guest Who writes.
   * @param sink Where the bytes go.
   * @param onDrop Called once when the guest drops the stream.
   * @param makeStanding Of a standard stream: makes the same for another guest.
   */
  constructor(
    guest: Guest,
    sink: ByteSink,
    onDrop: () => void = () => {},
    makeStanding?: MakeStanding,
  ) {
    this.#guest = guest;
    this.#sink = sink;
    this.#onDrop = onDrop;
    this.#makeStanding = makeStanding;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  checkWrite(): bigint {
    this.#throwIfFailed();
    const room = this.#busy === undefined ? this.#sink.capacity : 0;
    this.#permittedBytes = Math.min(room, WRITE_LIMIT_BYTES);
    return BigInt(this.#permittedBytes);
  }

  write(contents: Uint8Array): void {
    if (contents.length > this.#permittedBytes) return this.#endForBeyondPermit(contents.length);
    this.#permittedBytes -= contents.length;
    this.#throwIfFailed();
    if (contents.length > this.#sink.capacity) this.#writeAsRoomAppears(contents);
    else if (contents.length > 0) this.#sink.write(contents);
    return undefined;
  }

  blockingWriteAndFlush(contents: Uint8Array): void | Promise<void> {
    if (contents.length > BLOCKING_WRITE_LIMIT_BYTES) {
      const rule = `wasi:io/streams blocking-write-and-flush() was given ${contents.length} bytes; at most ${BLOCKING_WRITE_LIMIT_BYTES} are allowed`;
      return this.#guest.end({ kind: 'rule', rule });
    }
    this.#throwIfFailed();
    if (this.#busy !== undefined || contents.length > this.#sink.capacity) {
      return this.#guest.suspend(this.#writeAndFlush(contents));
    }
    if (contents.length > 0) this.#sink.write(contents);
    return this.blockingFlush();
  }

  /** `write` on linear memory. */
  writeOnMemory(memory: GuestMemory, pointer: number, length: number): void {
    const bytes = length >>> 0;
    const sink = this.#sink;
    if (bytes > TEXT_BYTES || bytes > this.#permittedBytes || !this.#takesText(bytes)) {
      return this.write(memory.liftBytes(pointer, bytes));
    }
    const text = memory.liftLatin1(pointer, bytes);
    this.#permittedBytes -= bytes;
    sink.writeText?.(text);
    return undefined;
  }

  /** `blocking-write-and-flush` on linear memory. */
  blockingWriteAndFlushOnMemory(
    memory: GuestMemory,
    pointer: number,
    length: number,
  ): void | Promise<void> {
    const bytes = length >>> 0;
    if (bytes > TEXT_BYTES || this.#busy !== undefined || !this.#takesText(bytes)) {
      return this.blockingWriteAndFlush(memory.liftBytes(pointer, bytes));
    }
    this.#sink.writeText?.(memory.liftLatin1(pointer, bytes));
    return this.blockingFlush();
  }

  flush(): void {
    this.#throwIfFailed();
    if (this.#sink.pending > 0) this.#keepBusy(this.#sink.flushed());
  }

  blockingFlush(): void | Promise<void> {
    this.flush();
    if (this.#busy === undefined) return undefined;
    return this.#guest.suspend(this.#whenReady().then(() => this.#throwIfFailed()));
  }

  /** The pollable may outlive the stream: it is then always ready. */
  subscribe(): Pollable {
    return new Pollable(
      this.#guest,
      () => this.#dropped || this.#isReady(),
      () => this.#whenReady(),
    );
  }

  writeZeroes(length: bigint): void {
    if (length > this.#permittedBytes) return this.#endForBeyondPermit(length);
    return this.write(new Uint8Array(Number(length)));
  }

  blockingWriteZeroesAndFlush(length: bigint): void | Promise<void> {
    if (length > BLOCKING_WRITE_LIMIT_BYTES) {
      const rule = `wasi:io/streams blocking-write-zeroes-and-flush() was given ${length} bytes; at most ${BLOCKING_WRITE_LIMIT_BYTES} are allowed`;
      return this.#guest.end({ kind: 'rule', rule });
    }
    return this.blockingWriteAndFlush(new Uint8Array(Number(length)));
  }

  splice(source: InputStream, length: bigint): bigint {
    const permitted = this.checkWrite();
    const bytes = source.read(length < permitted ? length : permitted);
    this.write(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint | Promise<bigint> {
    const moved = this.splice(source, length);
    if (moved > 0n || length === 0n) return moved;
    const bothReady = this.#whenReady().then(() => InputStream.whenReady(source));
    return this.#guest.suspend(bothReady.then(() => this.splice(source, length)));
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#refund();
    this.#onDrop();
  }

  /** Whether the sink takes that many bytes as text now. */
  #takesText(bytes: number): boolean {
    const sink = this.#sink;
    return (
      bytes > 0 &&
      sink.writeText !== undefined &&
      sink.failure === undefined &&
      bytes <= sink.capacity
    );
  }

  /** What a guest was told of its stream lies in its memory: another stream must have told the same. */
  [STANDING](): MakeStanding | undefined {
    const isNew = this.#permittedBytes === 0 && this.#busy === undefined && !this.#failureShown;
    return isNew ? this.#makeStanding : undefined;
  }

  #isReady(): boolean {
    if (this.#sink.failure !== undefined) return true;
    return this.#busy === undefined && this.#sink.capacity > 0;
  }

  async #whenReady(): Promise<void> {
    while (!this.#isReady()) await (this.#busy ?? this.#sink.ready());
  }

  /** What was permitted before lapses: the next write comes after this work. */
  #keepBusy(work: Promise<void>): void {
    this.#permittedBytes = 0;
    const all = Promise.all([this.#busy, work]).then(() => {
      if (this.#busy === all) this.#busy = undefined;
    });
    this.#busy = all;
  }

  #writeAsRoomAppears(contents: Uint8Array): void {
    const refund = chargeHostBytes(this.#guest, contents.length);
    this.#keepBusy(this.#writeInPieces(contents).finally(refund));
  }

  async #writeAndFlush(contents: Uint8Array): Promise<void> {
    await this.#whenReady();
    await this.#writeInPieces(contents);
    await this.#sink.flushed();
    this.#throwIfFailed();
  }

  async #writeInPieces(contents: Uint8Array): Promise<void> {
    let rest = contents;
    while (rest.length > 0 && this.#sink.failure === undefined) {
      const piece = rest.subarray(0, this.#sink.capacity);
      if (piece.length > 0) this.#sink.write(piece);
      rest = rest.subarray(piece.length);
      if (rest.length > 0) await this.#sink.ready();
    }
  }

  #throwIfFailed(): void {
    const failure = this.#sink.failure;
    if (failure === undefined) return;
    if (failure === 'closed' || this.#failureShown) throw createClosedError();
    this.#failureShown = true;
    throw createFailedError(failure);
  }

  #endForBeyondPermit(bytes: number | bigint): never {
    const rule = `wasi:io/streams write() was given ${bytes} bytes where check-write() permitted ${this.#permittedBytes}`;
    return this.#guest.end({ kind: 'rule', rule });
  }
}
