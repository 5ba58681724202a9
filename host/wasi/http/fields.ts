/**
 * The resource `fields` of `wasi:http/types`: headers and trailers, in order, with their casing.
 *
 * WASI 0.2 has no error for fields that are too many or too large; such a change fails with
 * `forbidden`, which 0.3 (`../p3/http/fields.ts`) calls by its name. Field lists are never changed in place, so requests, views and clones share them.
 */
import { WitError } from '../../component/host-interface.ts';
import type { GuestMemory } from '../../component/abi/guest-memory.ts';
import type { Field, Guest } from '../ports.ts';
import { isFieldValue, isForbidden, isToken } from './field-rules.ts';
import { chargeGuest } from './host-budget.ts';
import { findKnownField, keepKnownField } from './known-fields.ts';

/** Names, values and overhead of one resource; servers in the wild refuse far less. */
const MAX_BYTES = 128 * 1024;
/** Fields of one resource; keeps every operation short. */
const MAX_COUNT = 1000;
/** Counted for the resource itself, so that empty ones are bounded as well. */
const RESOURCE_BYTES = 128;
/** Counted for each field besides its bytes, as HTTP/2 does (RFC 7541, 4.1). */
const FIELD_OVERHEAD_BYTES = 32;

/** The variant `header-error`. */
export interface HeaderError {
  readonly tag: 'invalid-syntax' | 'forbidden' | 'immutable' | 'size-exceeded';
}

/** Headers or trailers. */
export class Fields {
  readonly #guest: Guest;
  readonly #immutable: boolean;
  #list: readonly Field[];
  #bytes: number;
  #dropped = false;

  /**
   * @param guest Whose fields these are.
   * @param list Valid fields; guests cannot pass any here.
   * @param immutable Whether every change fails.
   */
  constructor(guest: Guest, list: readonly Field[] = [], immutable = false) {
    this.#guest = guest;
    this.#list = list;
    this.#immutable = immutable;
    this.#bytes = sizeOf(list);
    chargeGuest(guest, RESOURCE_BYTES + this.#bytes);
  }

  static fromList(guest: Guest, entries: readonly Field[]): Fields {
    return new Fields(guest, Fields.check(entries, 'forbidden'));
  }

  /**
   * Checks fields that a guest gives.
   *
   * @param sizeTag What it is told if they are too many or too large.
   */
  protected static check(entries: readonly Field[], sizeTag: HeaderError['tag']): readonly Field[] {
    for (const [name, value] of entries) checkField(name, [value]);
    checkSize(entries, sizeTag);
    return entries;
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase();
    return this.#list.filter((field) => hasKey(field, key)).map(([, value]) => value);
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#list.some((field) => hasKey(field, key));
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.#throwIfImmutable();
    checkField(name, values);
    const key = name.toLowerCase();
    const kept = this.#list.filter((field) => !hasKey(field, key));
    this.#replace([...kept, ...values.map((value): Field => [name, value])]);
  }

  delete(name: string): void {
    this.#throwIfImmutable();
    checkField(name, []);
    const key = name.toLowerCase();
    this.#replace(this.#list.filter((field) => !hasKey(field, key)));
  }

  append(name: string, value: Uint8Array): void {
    this.#throwIfImmutable();
    checkField(name, [value]);
    this.#add([name, value]);
  }

  /** `append` on linear memory. */
  appendOnMemory(
    memory: GuestMemory,
    namePointer: number,
    nameLength: number,
    valuePointer: number,
    valueLength: number,
  ): void {
    const { bytes } = memory;
    const nameStart = memory.check(namePointer, nameLength >>> 0, 1);
    const valueStart = memory.check(valuePointer, valueLength >>> 0, 1);
    let field = findKnownField(bytes, nameStart, nameLength >>> 0, valueStart, valueLength >>> 0);
    if (field === undefined) {
      const name = memory.liftUtf8(namePointer, nameLength);
      const value = memory.liftBytes(valuePointer, valueLength);
      this.#throwIfImmutable();
      checkField(name, [value]);
      field = keepKnownField(bytes, nameStart, valueStart, name, value);
    }
    this.#throwIfImmutable();
    this.#add(field);
  }

  entries(): Field[] {
    return [...this.#list];
  }

  clone(): Fields {
    return new Fields(this.#guest, this.#list);
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    chargeGuest(this.#guest, -RESOURCE_BYTES - this.#bytes);
  }

  /** Takes the list out of a resource that was handed over, and drops the resource. */
  static take(fields: Fields): readonly Field[] {
    fields[Symbol.dispose]();
    return fields.#list;
  }

  /** What a guest is told whose fields become too many or too large. */
  protected get sizeTag(): HeaderError['tag'] {
    return 'forbidden';
  }

  /** Whose fields they are. */
  protected get guest(): Guest {
    return this.#guest;
  }

  /** Adds a valid field. */
  #add(field: Field): void {
    // Before anything is copied: a guest that goes on at the limit costs no more than the check.
    if (this.#list.length >= MAX_COUNT) throw createHeaderError(this.sizeTag);
    const bytes = this.#bytes + sizeOf([field]);
    if (bytes > MAX_BYTES) throw createHeaderError(this.sizeTag);
    chargeGuest(this.#guest, bytes - this.#bytes);
    this.#list = [...this.#list, field];
    this.#bytes = bytes;
  }

  #replace(list: readonly Field[]): void {
    checkSize(list, this.sizeTag);
    const bytes = sizeOf(list);
    chargeGuest(this.#guest, bytes - this.#bytes);
    this.#list = list;
    this.#bytes = bytes;
  }

  #throwIfImmutable(): void {
    if (this.#immutable) throw createHeaderError('immutable');
  }
}

function hasKey([name]: Field, key: string): boolean {
  return name.length === key.length && name.toLowerCase() === key;
}

function checkField(name: string, values: readonly Uint8Array[]): void {
  if (!isToken(name) || !values.every(isFieldValue)) throw createHeaderError('invalid-syntax');
  if (isForbidden(name.toLowerCase())) throw createHeaderError('forbidden');
}

function checkSize(list: readonly Field[], tag: HeaderError['tag']): void {
  if (list.length > MAX_COUNT || sizeOf(list) > MAX_BYTES) throw createHeaderError(tag);
}

function sizeOf(list: readonly Field[]): number {
  let bytes = 0;
  for (const [name, value] of list) bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
  return bytes;
}

function createHeaderError(tag: HeaderError['tag']): WitError<HeaderError> {
  return new WitError<HeaderError>({ tag });
}
