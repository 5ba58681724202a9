/**
 * Lowers values into an image of a guest's memory, as the specification says: what a correct guest
 * would hand over. Tests change bytes of it to see what a wrong guest gets.
 *
 * Core values are kept as bit patterns: joining the core types of a variant's payloads changes none.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#storing
 */
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
import { caseOf, partsOf } from './value-parts.ts';

/** A core value's bits, unsigned. */
export type Bits = bigint;

/** Lowers one after the other, from a first address on. */
export class ReferenceImage {
  readonly start: number;
  readonly encoding: CanonOptions['encoding'];
  /** What was asked of the allocator, in order. */
  readonly allocations: { readonly size: number; readonly alignment: number }[] = [];
  #bytes = new Uint8Array(256);
  #end: number;

  /** @param start Address of the image's first byte, aligned to 16. */
  constructor(start: number, encoding: CanonOptions['encoding']) {
    this.start = start;
    this.encoding = encoding;
    this.#end = start;
  }

  /** What was lowered, without what lies before `start`. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#end - this.start);
  }

  /** Lowers to core values. */
  lowerFlat(type: ValueType, value: unknown): Bits[] {
    const fields = fieldsOf(type);
    if (fields !== undefined) {
      const parts = partsOf(type, value);
      return fields.flatMap((field, index) => this.lowerFlat(field, parts[index]));
    }
    const cases = casesOf(type);
    if (cases !== undefined) {
      const { index, payload } = caseOf(type, value);
      const own = cases[index];
      const bits = [BigInt(index), ...(own === undefined ? [] : this.lowerFlat(own, payload))];
      return flatten(type).map((_, position) => bits[position] ?? 0n);
    }
    if (type.kind === 'string' || type.kind === 'list') {
      const element = type.kind === 'list' ? type.element : undefined;
      const [pointer, length] = this.#lowerSequence(element, value);
      return [BigInt(pointer), BigInt(length)];
    }
    return [bitsOf(type, value)];
  }

  /** Lowers values one after the other into memory, as parameters beyond sixteen flat ones are; gives the address. */
  lowerTuple(types: readonly ValueType[], values: readonly unknown[]): number {
    const tuple: ValueType = { kind: 'tuple', items: types };
    const at = this.allocate(sizeOf(tuple), alignmentOf(tuple));
    this.#store(tuple, values, at);
    return at;
  }

  /** Takes room. */
  allocate(size: number, alignment: number): number {
    this.allocations.push({ size, alignment });
    const at = alignTo(this.#end, alignment);
    this.#end = at + size;
    while (this.#end - this.start > this.#bytes.length) {
      const longer = new Uint8Array(this.#bytes.length * 2);
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    return at;
  }

  #store(type: ValueType, value: unknown, at: number): void {
    const fields = fieldsOf(type);
    if (fields !== undefined) {
      const parts = partsOf(type, value);
      let end = at;
      for (const [index, field] of fields.entries()) {
        end = alignTo(end, alignmentOf(field));
        this.#store(field, parts[index], end);
        end += sizeOf(field);
      }
      return;
    }
    const cases = casesOf(type);
    if (cases !== undefined) {
      const { index, payload } = caseOf(type, value);
      const size = discriminantSize(cases.length);
      this.#write(BigInt(index), at, size);
      const own = cases[index];
      if (own !== undefined) this.#store(own, payload, at + alignTo(size, payloadAlignment(cases)));
      return;
    }
    if (type.kind === 'string' || type.kind === 'list') {
      const element = type.kind === 'list' ? type.element : undefined;
      const [pointer, length] = this.#lowerSequence(element, value);
      this.#write(BigInt(pointer), at, 4);
      this.#write(BigInt(length), at + 4, 4);
      return;
    }
    this.#write(bitsOf(type, value), at, sizeOf(type));
  }

  /** @param element Undefined for a string. */
  #lowerSequence(
    element: ValueType | undefined,
    value: unknown,
  ): [pointer: number, length: number] {
    if (element === undefined) return this.#lowerText(value as string);
    const values = Array.from(value as ArrayLike<unknown>);
    const size = sizeOf(element);
    const at = this.allocate(values.length * size, alignmentOf(element));
    for (const [index, each] of values.entries()) {
      this.#store(element, each, at + index * size);
    }
    return [at, values.length];
  }

  #lowerText(text: string): [pointer: number, length: number] {
    const isLatin = Array.from(text).every((character) => character <= '\u00FF');
    const form = this.encoding === 'utf8' ? 'utf8' : 'utf16le';
    const asLatin = this.encoding === 'latin1+utf16' && isLatin;
    const bytes = Buffer.from(text, asLatin ? 'latin1' : form);
    const at = this.allocate(bytes.length, this.encoding === 'utf8' ? 1 : 2);
    this.#bytes.set(bytes, at - this.start);
    if (this.encoding === 'utf8' || asLatin) return [at, bytes.length];
    const tag = this.encoding === 'latin1+utf16' ? 2 ** 31 : 0;
    return [at, text.length + tag];
  }

  #write(bits: Bits, at: number, size: number): void {
    for (let index = 0; index < size; index += 1) {
      this.#bytes[at - this.start + index] = Number((bits >> BigInt(8 * index)) & 0xffn);
    }
  }
}

function bitsOf(type: ValueType, value: unknown): Bits {
  if (type.kind === 'flags') {
    return partsOf(type, value).reduce<Bits>(
      (sum, flag, index) => sum + (flag === true ? 1n << BigInt(index) : 0n),
      0n,
    );
  }
  const kind: string = type.kind;
  const view = new DataView(new ArrayBuffer(8));
  switch (kind) {
    case 'bool':
      return value === true ? 1n : 0n;
    case 'f32':
      view.setFloat32(0, value as number);
      return BigInt(view.getUint32(0));
    case 'f64':
      view.setFloat64(0, value as number);
      return view.getBigUint64(0);
    case 'char':
      return BigInt((value as string).codePointAt(0) ?? 0);
    case 'own':
    case 'borrow':
      return BigInt((value as { readonly handle: number }).handle);
    case 's64':
    case 'u64':
      return BigInt.asUintN(64, value as bigint);
    default:
      return BigInt.asUintN(32, BigInt(value as number));
  }
}
