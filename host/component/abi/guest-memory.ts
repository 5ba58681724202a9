/**
 * A linear memory as canonical-ABI code uses it: cached views, bounds and alignment, strings and lists,
 * and room that the guest's own allocator gives.
 *
 * Growing a memory detaches its buffer, which shows as a view of length 0; so whether the cached views
 * are current costs one load, not a call of `memory.buffer`. Everything a guest hands over in one call
 * is charged to a budget, because small memory can describe endless values (a list of overlapping strings).
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#loading
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { breakRule } from './rule.ts';
import type { ComponentState } from './component-state.ts';

/** Most bytes of host memory that the values of one call may take. */
export const VALUE_BUDGET_BYTES = 64 * 1024 * 1024;

/** What a string or list costs besides its contents: roughly its object on V8's heap. */
const OBJECT_BYTES = 32;

/** What a typed array costs besides its contents, measured: some 270 bytes, however short it is. */
const ARRAY_BYTES = 256;

/** Up to this length a loop over ASCII beats the call into Node. */
const SHORT_TEXT = 24;

/** `lowestWrite` of a memory that the host did not write to: beyond it, writes are taken for granted. */
export const NO_WRITE = 0x7fff_ffff;

/** Marks a `latin1+utf16` string's length as that of UTF-16. */
const UTF16_TAG = 0x8000_0000;

/** Node's own methods, which take any view of bytes as their receiver. */
interface NativeText {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, start: number, bytes: number): number;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, start: number, bytes: number): number;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Write(this: Uint8Array, text: string, start: number, bytes: number): number;
}
// oxlint-disable-next-line typescript/unbound-method -- each is called with its receiver
const { utf8Slice, utf8Write, latin1Slice, latin1Write, ucs2Slice, ucs2Write } =
  Buffer.prototype as unknown as NativeText;

/** The constructors of numeric lists other than bytes. */
export type NumberArray =
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** The guest's `realloc`: old pointer, old size, alignment, new size. */
export type Realloc = (pointer: number, size: number, align: number, newSize: number) => number;

/** One memory with one allocator. */
export class GuestMemory {
  /** Current after `begin` and after each allocation. */
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  /** Length of what was lowered last: bytes, code units or elements. */
  length = 0;
  /** Lowest address the host wrote to since this was last set to `NO_WRITE`, if it is below that. */
  lowestWrite = NO_WRITE;
  /** The component instance that allocates in it, and whose handles its values hold. */
  readonly state: ComponentState;
  #memory: WebAssembly.Memory | undefined;
  #realloc: Realloc | undefined;
  #budget = VALUE_BUDGET_BYTES;

  constructor(state: ComponentState) {
    this.state = state;
    state.instance.memories.push(this);
  }

  /** The memory itself, once it exists. */
  get memory(): WebAssembly.Memory | undefined {
    return this.#memory;
  }

  /** The core instance that has it exists now. */
  bindMemory(memory: unknown): void {
    if (memory instanceof WebAssembly.Memory) this.#memory = memory;
  }

  /** The core instance that allocates exists now. */
  bindRealloc(realloc: unknown): void {
    if (typeof realloc === 'function') this.#realloc = realloc as Realloc;
  }

  /** Before the values of a call, or of its result, are read or written. */
  begin(): void {
    if (this.bytes.length === 0) this.#refresh();
    this.#budget = VALUE_BUDGET_BYTES;
  }

  /** Checks a range that a guest gives and that is only read; returns its start. */
  check(pointer: number, size: number, align: number): number {
    const start = pointer >>> 0;
    if (start + size > this.bytes.length) this.#refuseRange(start, size);
    if ((start & (align - 1)) !== 0) refuseAlignment(start, align);
    return start;
  }

  /** Checks a range that a guest gives and that the host will write to; returns its start. */
  claim(pointer: number, size: number, align: number): number {
    const start = this.check(pointer, size, align);
    // What a reset of the instance must put back includes what the host wrote. Allocators give
    // made-up addresses for no bytes.
    if (start < this.lowestWrite && size > 0) this.lowestWrite = start;
    return start;
  }

  /** Checks a list's range and charges its elements; returns its start. */
  checkList(pointer: number, count: number, size: number, align: number): number {
    this.#charge((count >>> 0) * OBJECT_BYTES);
    return this.check(pointer, (count >>> 0) * size, align);
  }

  /** Asks the guest for room. */
  allocate(size: number, align: number): number {
    if (size > VALUE_BUDGET_BYTES) breakRule(`a value of ${size} bytes does not fit`);
    const realloc = this.#realloc;
    if (realloc === undefined) return breakRule('there is no cabi_realloc yet');
    this.state.mayLeave = false;
    const pointer = realloc(0, 0, align, size);
    this.state.mayLeave = true;
    this.state.instance.run.returned();
    if (this.bytes.length === 0) this.#refresh();
    return this.claim(pointer, size, align);
  }

  /** Writes pointer and length of what was lowered last. */
  storePair(at: number, start: number): void {
    this.view.setUint32(at, start, true);
    this.view.setUint32(at + 4, this.length, true);
  }

  /** Lifts `list<u8>`: a copy. */
  liftBytes(pointer: number, count: number): Uint8Array {
    const length = count >>> 0;
    this.#charge(length + ARRAY_BYTES);
    const start = this.check(pointer, length, 1);
    return this.bytes.slice(start, start + length);
  }

  /** Lifts bytes as text of one character each. */
  liftLatin1(pointer: number, count: number): string {
    const length = count >>> 0;
    this.#charge(length + OBJECT_BYTES);
    const start = this.check(pointer, length, 1);
    return latin1Slice.call(this.bytes, start, start + length);
  }

  /** Copies bytes of a range that was checked; it need not be in a call. */
  copyOut(start: number, length: number): Uint8Array {
    if (this.bytes.length === 0) this.#refresh();
    return this.bytes.slice(start, start + length);
  }

  /** Writes bytes to a range that was claimed; it need not be in a call. */
  copyIn(start: number, bytes: Uint8Array): void {
    if (this.bytes.length === 0) this.#refresh();
    this.bytes.set(bytes, start);
  }

  /** Lifts a list of other numbers: a copy. */
  liftNumbers<T extends NumberArray>(
    create: new (buffer: ArrayBuffer) => T,
    bytesEach: number,
    pointer: number,
    count: number,
  ): T {
    const length = (count >>> 0) * bytesEach;
    this.#charge(length + ARRAY_BYTES);
    const start = this.check(pointer, length, bytesEach);
    return new create(this.bytes.buffer.slice(start, start + length) as ArrayBuffer);
  }

  /** Lowers `list<u8>`; the number of bytes is in `length`. */
  lowerBytes(value: unknown): number {
    const bytes = value instanceof Uint8Array ? value : Uint8Array.from(arrayOf(value) as number[]);
    const start = this.allocate(bytes.length, 1);
    this.bytes.set(bytes, start);
    this.length = bytes.length;
    return start;
  }

  /** Lowers a list of other numbers; their count is in `length`. */
  lowerNumbers(
    create: new (buffer: ArrayBufferLike, start: number, count: number) => NumberArray,
    bytesEach: number,
    value: unknown,
  ): number {
    const count = this.lowerListLength(value);
    const start = this.allocate(count * bytesEach, bytesEach);
    if (count > 0) new create(this.bytes.buffer, start, count).set(value as never);
    this.length = count;
    return start;
  }

  /** Length of a list that the host gives. */
  lowerListLength(value: unknown): number {
    return arrayOf(value).length;
  }

  /** Lifts a UTF-8 string. */
  liftUtf8(pointer: number, count: number): string {
    const length = count >>> 0;
    this.#charge(length + OBJECT_BYTES);
    const start = this.check(pointer, length, 1);
    if (length <= SHORT_TEXT) {
      const text = this.#shortAscii(start, start + length);
      if (text !== undefined) return text;
    }
    const text = utf8Slice.call(this.bytes, start, start + length);
    // Node puts U+FFFD where bytes are no UTF-8; a guest may also mean one.
    if (text.includes('\uFFFD') && !isUtf8(this.bytes.subarray(start, start + length))) {
      breakRule('a string is not valid UTF-8');
    }
    return text;
  }

  /** Lifts a UTF-16 string of `count` code units. */
  liftUtf16(pointer: number, count: number): string {
    const length = (count >>> 0) * 2;
    this.#charge(length + OBJECT_BYTES);
    const start = this.check(pointer, length, 2);
    const text = ucs2Slice.call(this.bytes, start, start + length);
    if (!text.isWellFormed()) breakRule('a string is not valid UTF-16');
    return text;
  }

  /** Lifts a string that is Latin-1, or UTF-16 if its length says so. */
  liftLatin1OrUtf16(pointer: number, tagged: number): string {
    if (tagged >>> 0 >= UTF16_TAG) return this.liftUtf16(pointer, (tagged >>> 0) - UTF16_TAG);
    const length = tagged >>> 0;
    this.#charge(length + OBJECT_BYTES);
    const start = this.check(pointer, length, 2);
    return latin1Slice.call(this.bytes, start, start + length);
  }

  /** Lowers a string as UTF-8; its bytes are in `length`. */
  lowerUtf8(value: unknown): number {
    const text = textOf(value);
    const length = Buffer.byteLength(text);
    const start = this.allocate(length, 1);
    if (length > 0) utf8Write.call(this.bytes, text, start, length);
    this.length = length;
    return start;
  }

  /** Lowers a string as UTF-16; its code units are in `length`. */
  lowerUtf16(value: unknown): number {
    const text = textOf(value).toWellFormed();
    const start = this.allocate(text.length * 2, 2);
    ucs2Write.call(this.bytes, text, start, text.length * 2);
    this.length = text.length;
    return start;
  }

  /** Lowers a string as Latin-1 if it can be, else as UTF-16; its tagged length is in `length`. */
  lowerLatin1OrUtf16(value: unknown): number {
    const text = textOf(value);
    for (let index = 0; index < text.length; index += 1) {
      if (text.charCodeAt(index) > 0xff) {
        const start = this.lowerUtf16(text);
        this.length = (this.length | UTF16_TAG) >>> 0;
        return start;
      }
    }
    const start = this.allocate(text.length, 2);
    latin1Write.call(this.bytes, text, start, text.length);
    this.length = text.length;
    return start;
  }

  /** A short string if it is ASCII. */
  #shortAscii(start: number, end: number): string | undefined {
    const { bytes } = this;
    let text = '';
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #charge(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0)
      breakRule(`the values of one call take more than ${VALUE_BUDGET_BYTES} bytes`);
  }

  #refresh(): void {
    if (this.#memory === undefined) return;
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.view = new DataView(this.#memory.buffer);
  }

  #refuseRange(start: number, size: number): never {
    return breakRule(
      `the range of ${size} bytes at ${start} is not in its memory of ${this.bytes.length} bytes`,
    );
  }
}

function refuseAlignment(start: number, align: number): never {
  return breakRule(`the pointer ${start} is not aligned to ${align}`);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('the host gave no string');
  return value;
}

function arrayOf(value: unknown): { readonly length: number } {
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return value as unknown as { length: number };
  throw new TypeError('the host gave no list');
}
