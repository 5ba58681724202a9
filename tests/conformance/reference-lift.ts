/**
 * Lifts values from a memory as the specification says, or says that a trap must come instead: what a
 * wrong guest is measured by.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#loading
 */
import { isUtf8 } from 'node:buffer';
import type { CanonOptions, ValueType } from '../../host/component/plan.ts';
import {
  alignTo,
  alignmentOf,
  casesOf,
  discriminantSize,
  fieldsOf,
  flatten,
  payloadAlignment,
  sizeOf,
} from './reference-layout.ts';
import type { Bits } from './reference-lower.ts';
import { composeCase, composeParts } from './value-parts.ts';

/** The specification says that the guest traps here. */
export class ReferenceTrap extends Error {
  override readonly name = 'ReferenceTrap';
}

/** The values are so many that a host may refuse them. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

/** Values and bytes lifted in one go; our engine's own budget is several times larger. */
const MOST_VALUES = 200_000;

/** Lifts the values of one call. */
export class ReferenceLifter {
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  readonly #encoding: CanonOptions['encoding'];
  /** Handles the guest owns. */
  readonly #handles: Set<number>;
  readonly #lent = new Set<number>();
  #left = MOST_VALUES;

  constructor(memory: Uint8Array, encoding: CanonOptions['encoding'], handles: Iterable<number>) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    this.#encoding = encoding;
    this.#handles = new Set(handles);
  }

  /** Lifts values from core values, given as bits of which each type takes what it needs. */
  liftFlat(types: readonly ValueType[], bits: readonly Bits[]): unknown[] {
    let next = 0;
    return types.map((type) => {
      const own = bits.slice(next, (next += flatten(type).length));
      return this.#fromFlat(type, own);
    });
  }

  /** Lifts values that lie in memory one after the other. */
  liftTuple(types: readonly ValueType[], pointer: number): readonly unknown[] {
    const tuple: ValueType = { kind: 'tuple', items: types };
    this.#check(pointer, sizeOf(tuple), alignmentOf(tuple));
    return this.#load(tuple, pointer) as readonly unknown[];
  }

  #fromFlat(type: ValueType, bits: readonly Bits[]): unknown {
    const fields = fieldsOf(type);
    if (fields !== undefined) return composeParts(type, this.liftFlat(fields, bits));
    const low = (index: number): number => Number(BigInt.asUintN(32, bits[index] ?? 0n));
    const cases = casesOf(type);
    if (cases !== undefined) {
      const payload = this.#caseAt(cases, low(0));
      const value = payload === undefined ? undefined : this.#fromFlat(payload, bits.slice(1));
      return composeCase(type, low(0), value);
    }
    if (type.kind === 'string' || type.kind === 'list') {
      const element = type.kind === 'list' ? type.element : undefined;
      return this.#sequence(element, low(0), low(1));
    }
    return this.#scalar(type, bits[0] ?? 0n);
  }

  #load(type: ValueType, at: number): unknown {
    const fields = fieldsOf(type);
    if (fields !== undefined) {
      let end = at;
      const parts = fields.map((field) => {
        end = alignTo(end, alignmentOf(field)) + sizeOf(field);
        return this.#load(field, end - sizeOf(field));
      });
      return composeParts(type, parts);
    }
    const cases = casesOf(type);
    if (cases !== undefined) {
      const size = discriminantSize(cases.length);
      const index = Number(this.#bits(at, size));
      const payload = this.#caseAt(cases, index);
      const start = at + alignTo(size, payloadAlignment(cases));
      const value = payload === undefined ? undefined : this.#load(payload, start);
      return composeCase(type, index, value);
    }
    if (type.kind === 'string' || type.kind === 'list') {
      const element = type.kind === 'list' ? type.element : undefined;
      return this.#sequence(element, Number(this.#bits(at, 4)), Number(this.#bits(at + 4, 4)));
    }
    return this.#scalar(type, this.#bits(at, sizeOf(type)));
  }

  /** @param element Undefined for a string. */
  #sequence(element: ValueType | undefined, pointer: number, length: number): unknown {
    if (element === undefined) return this.#text(pointer, length);
    const size = sizeOf(element);
    this.#check(pointer, length * size, alignmentOf(element));
    this.#spend(length);
    return Array.from({ length }, (_, index) => this.#load(element, pointer + index * size));
  }

  #text(pointer: number, length: number): string {
    const tagged = this.#encoding === 'latin1+utf16' && length >= 2 ** 31;
    const isWide = tagged || this.#encoding === 'utf16';
    const size = isWide ? (tagged ? length - 2 ** 31 : length) * 2 : length;
    this.#check(pointer, size, this.#encoding === 'utf8' ? 1 : 2);
    this.#spend(size);
    const bytes = Buffer.from(this.#memory.subarray(pointer, pointer + size));
    if (isWide) {
      const text = bytes.toString('utf16le');
      trapIf(!text.isWellFormed(), 'half a surrogate pair');
      return text;
    }
    if (this.#encoding !== 'utf8') return bytes.toString('latin1');
    trapIf(!isUtf8(bytes), 'no UTF-8');
    return bytes.toString('utf8');
  }

  #scalar(type: ValueType, bits: Bits): unknown {
    if (type.kind === 'flags') {
      const isSet = (index: number): boolean => ((bits >> BigInt(index)) & 1n) === 1n;
      return composeParts(
        type,
        type.names.map((_, index) => isSet(index)),
      );
    }
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, bits, true);
    const low = view.getUint32(0, true);
    const kind: string = type.kind;
    switch (kind) {
      case 'bool':
        return low !== 0;
      case 's8':
        return view.getInt8(0);
      case 'u8':
        return view.getUint8(0);
      case 's16':
        return view.getInt16(0, true);
      case 'u16':
        return view.getUint16(0, true);
      case 's32':
        return view.getInt32(0, true);
      case 's64':
        return view.getBigInt64(0, true);
      case 'u64':
        return bits;
      case 'f32':
        return view.getFloat32(0, true);
      case 'f64':
        return view.getFloat64(0, true);
      case 'char':
        trapIf(low > 0x10ffff || (low >= 0xd800 && low <= 0xdfff), 'no character');
        return String.fromCodePoint(low);
      case 'own':
        trapIf(!this.#handles.has(low) || this.#lent.has(low), 'no handle to give away');
        this.#handles.delete(low);
        return { handle: low };
      case 'borrow':
        trapIf(!this.#handles.has(low), 'no handle');
        this.#lent.add(low);
        return { handle: low };
      default:
        return low;
    }
  }

  #caseAt(cases: readonly (ValueType | undefined)[], index: number): ValueType | undefined {
    trapIf(index >= cases.length, 'no such case');
    return cases[index];
  }

  #bits(at: number, size: number): Bits {
    let bits = 0n;
    for (let index = size - 1; index >= 0; index -= 1) {
      bits = (bits << 8n) | BigInt(this.#view.getUint8(at + index));
    }
    return bits;
  }

  #check(pointer: number, size: number, alignment: number): void {
    trapIf(pointer % alignment !== 0, 'not aligned');
    trapIf(pointer + size > this.#memory.length, 'out of bounds');
  }

  #spend(values: number): void {
    this.#left -= values;
    if (this.#left < 0) throw new TooMuch();
  }
}

function trapIf(condition: boolean, why: string): void {
  if (condition) throw new ReferenceTrap(why);
}
