/**
 * Bytes → the primitive values of the WebAssembly binary format, bounds-checked. Everything that is
 * not well-formed ends in `malformed_wasm` with the byte offset and what was expected there.
 *
 * Follows https://webassembly.github.io/spec/core/binary/values.html. Hot: `u8`, `u32` and `skipLeb`
 * are called for every instruction of a module.
 */
import { HostError } from '../base/errors.ts';

// A byte order mark is part of a name here: left out, two names could look like one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads forward through a part of some bytes. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** First byte that is not part of what is read. */
  readonly end: number;
  /** Where `bytes` starts in the uploaded file; added to the offsets of errors. */
  readonly base: number;
  /** The byte that is read next. */
  offset: number;
  /** Types of the module, once they are known: an index behind them would come to mean one that was added. */
  typeCount = Infinity;

  /**
   * @param bytes What to read.
   * @param start First byte to read.
   * @param end Byte to stop before.
   * @param base Where `bytes` starts in the uploaded file.
   */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, base = 0) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    this.base = base;
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.offset >= this.end;
  }

  /** The error to throw when something else was expected. @param at Offset in `bytes`, the next byte if left out. */
  malformed(expected: string, at: number = this.offset): HostError {
    return new HostError('malformed_wasm', { expected, offset: at + this.base });
  }

  /** @throws {malformed_wasm} If bytes are left. */
  expectEnd(what: string): void {
    if (this.offset !== this.end) throw this.malformed(`the end of ${what}`);
  }

  /** The next byte, which stays unread. */
  peek(): number {
    const byte = this.offset < this.end ? this.bytes[this.offset] : undefined;
    if (byte === undefined) throw this.malformed('another byte');
    return byte;
  }

  /** One byte. */
  u8(): number {
    const byte = this.peek();
    this.offset += 1;
    return byte;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    const start = this.offset - 1;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if (last > 0x0f) throw this.malformed('an unsigned 32-bit number', start);
    return (value | (last << 28)) >>> 0;
  }

  /**
   * An unsigned LEB128 number of at most 64 bits whose value is below 2^53.
   *
   * @param most Bytes it may have.
   */
  u64(most = 10): number {
    const start = this.offset;
    let value = 0;
    for (let index = 0, scale = 1; index < most; index += 1, scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (value > Number.MAX_SAFE_INTEGER) throw this.malformed('a number below 2^53', start);
      return value;
    }
    throw this.malformed(`an unsigned number of at most ${most} bytes`, start);
  }

  /** A signed LEB128 number of at most 32 bits. */
  s32(): number {
    const start = this.offset;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      // The sign stands in bit 6 of the last byte; the fifth fills all 32 bits by itself.
      return shift < 28 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
    }
    throw this.malformed('a signed 32-bit number', start);
  }

  /** A signed LEB128 number of at most 33 bits: a type index, or a negative type code. */
  s33(): number {
    const start = this.offset;
    let value = 0;
    for (let index = 0, scale = 1; index < 5; index += 1, scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale * 128;
    }
    throw this.malformed('a signed 33-bit number', start);
  }

  /** Passes over a LEB128 number of at most `most` bytes. */
  skipLeb(most: number): void {
    const start = this.offset;
    for (let index = 0; index < most; index += 1) if (this.u8() < 0x80) return;
    throw this.malformed(`a number of at most ${most} bytes`, start);
  }

  /** Passes over `count` bytes. @returns The offset of the first. */
  skip(count: number, what: string): number {
    const start = this.offset;
    if (count > this.end - start) throw this.malformed(`${count} bytes of ${what}`, start);
    this.offset = start + count;
    return start;
  }

  /** The element count of a vector whose elements take at least one byte each. */
  count(what: string): number {
    const start = this.offset;
    const count = this.u32();
    if (count > this.end - this.offset) throw this.malformed(`a possible number of ${what}`, start);
    return count;
  }

  /** A name: length and that many bytes of UTF-8. */
  name(): string {
    const length = this.u32();
    const start = this.skip(length, 'a name');
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw this.malformed('a name in UTF-8', start);
    }
  }

  /** Passes over a length and that many bytes. @returns A reader of those bytes alone. */
  sized(what: string): ByteReader {
    const length = this.u32();
    const start = this.skip(length, what);
    const reader = new ByteReader(this.bytes, start, start + length, this.base);
    reader.typeCount = this.typeCount;
    return reader;
  }
}
