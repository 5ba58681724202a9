/** Values → bytes of the WebAssembly binary format, into a buffer that grows. The counterpart of `byte-reader.ts`. */

const utf8 = new TextEncoder();
/** Below this a loop is faster than a view and `set`; most runs between two calls are shorter. */
const SHORT_RUN_BYTES = 48;

/** Appends to a buffer. */
export class ByteWriter {
  #buffer: Uint8Array;
  #length = 0;

  /** @param capacity Bytes expected; more are possible. */
  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(capacity);
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** An unsigned LEB128 number. @param value 0 to 2^53-1. */
  unsigned(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.u8(rest);
  }

  /** A signed LEB128 number. @param value -2^31 to 2^31-1. */
  signed(value: number): void {
    let rest = value;
    while (rest < -0x40 || rest >= 0x40) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }

  /** Length and bytes of a name. */
  name(text: string): void {
    this.sized(utf8.encode(text));
  }

  /** Length and bytes. */
  sized(bytes: Uint8Array): void {
    this.unsigned(bytes.length);
    this.copy(bytes, 0, bytes.length);
  }

  /** Copies a run of bytes. @param end Byte to stop before. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    if (end - start <= SHORT_RUN_BYTES) {
      let at = this.#length;
      for (let from = start; from < end; from += 1, at += 1) this.#buffer[at] = source[from] ?? 0;
    } else {
      this.#buffer.set(source.subarray(start, end), this.#length);
    }
    this.#length += end - start;
  }

  /** What was written so far, as a view that the next write may change. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** What was written, as bytes of their own. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
