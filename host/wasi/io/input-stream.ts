/** The resource `input-stream` of `wasi:io/streams`, over any `ByteSource`. */
import { STANDING, type MakeStanding } from '../../component/abi/standing-resource.ts';
import { endReasonOf } from '../../component/ending.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { ByteSource, Guest } from '../ports.ts';
import { Pollable } from './pollable.ts';
import { READ_LIMIT_BYTES, ReadAhead } from './read-ahead.ts';
import { createClosedError, createFailedError } from './stream-error.ts';

/** Bytes that a guest reads. */
export class InputStream {
  readonly #guest: Guest;
  /** A function: the source may be another one each time. */
  readonly #source: ReadAhead | ((guest: Guest) => ByteSource);
  readonly #onDrop: () => void;
  readonly #refund: () => void;
  #dropped = false;

  /**
   * @param guest Who reads.
   * @param source Where the bytes come from, or what finds that whenever it is read: a standing stream then, which can
   *   be made for another guest.
   * @param onDrop Called once when the guest drops the stream; closes a source unless told otherwise.
   */
  constructor(
    guest: Guest,
    source: ByteSource | ((guest: Guest) => ByteSource),
    onDrop: () => void = typeof source === 'function' ? () => {} : () => source.close(),
  ) {
    this.#guest = guest;
    this.#source = typeof source === 'function' ? source : ReadAhead.of(source);
    this.#onDrop = onDrop;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES + READ_LIMIT_BYTES);
  }

  read(length: bigint): Uint8Array {
    return this.#take(length) ?? new Uint8Array(0);
  }

  blockingRead(length: bigint): Uint8Array | Promise<Uint8Array> {
    const taken = length === 0n ? this.read(0n) : this.#take(length);
    return taken ?? this.#guest.suspend(this.#bytes.ready().then(() => this.read(length)));
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint | Promise<bigint> {
    const taken = this.blockingRead(length);
    if (taken instanceof Uint8Array) return BigInt(taken.length);
    return taken.then((bytes) => BigInt(bytes.length));
  }

  /** The pollable may outlive the stream: it is then always ready. */
  subscribe(): Pollable {
    return new Pollable(
      this.#guest,
      () => this.#dropped || this.#bytes.isReady(),
      () => this.#bytes.ready(),
    );
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#refund();
    this.#onDrop();
  }

  get #bytes(): ReadAhead {
    const source = this.#source;
    return typeof source === 'function' ? ReadAhead.of(source(this.#guest)) : source;
  }

  [STANDING](): MakeStanding | undefined {
    const source = this.#source;
    if (typeof source !== 'function') return undefined;
    return (guest) => new InputStream(guest as Guest, source);
  }

  /** Resolves when a read would not come back empty; for `splice`. */
  static whenReady(stream: InputStream): Promise<void> {
    return stream.#bytes.ready();
  }

  #take(length: bigint): Uint8Array | undefined {
    const maxBytes = length < READ_LIMIT_BYTES ? Number(length) : READ_LIMIT_BYTES;
    const taken = this.#takeOrFail(maxBytes);
    if (taken === 'end') throw createClosedError();
    return taken;
  }

  #takeOrFail(maxBytes: number): Uint8Array | undefined | 'end' {
    try {
      return this.#bytes.take(maxBytes);
    } catch (cause) {
      // The source ended the guest, which must not see that as an error of its stream.
      if (endReasonOf(cause) !== undefined) throw cause;
      throw createFailedError(cause);
    }
  }
}
