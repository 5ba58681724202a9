/**
 * Fields that guests set again and again, found by their bytes in a guest's memory: nothing is copied, checked or
 * turned into text a second time.
 *
 * All functions share them, so only names whose values are no secret are kept: how long a look-up takes
 * tells whether somebody used the same value before.
 */
import type { Field } from '../ports.ts';

/** Fields that say what a body is; lower case, as guests on `wasi:http` write them. */
const SHARED_NAMES: ReadonlySet<string> = new Set([
  'accept-ranges',
  'access-control-allow-origin',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'server',
  'vary',
  'x-content-type-options',
]);

/** Longest value that is kept, bytes. */
const MAX_VALUE_BYTES = 64;

/** A power of two: entries that share a slot put each other out. */
const SLOTS = 64;

const slots: (Field | undefined)[] = Array.from({ length: SLOTS });

/**
 * Finds a field.
 *
 * @param bytes A guest's memory; the ranges of name and value are within it.
 */
export function findKnownField(
  bytes: Uint8Array,
  nameStart: number,
  nameLength: number,
  valueStart: number,
  valueLength: number,
): Field | undefined {
  const field = slots[slotOf(bytes, nameStart, nameLength, valueStart, valueLength)];
  if (field === undefined) return undefined;
  const [name, value] = field;
  if (name.length !== nameLength || value.length !== valueLength) return undefined;
  for (let index = 0; index < nameLength; index += 1) {
    if (name.charCodeAt(index) !== bytes[nameStart + index]) return undefined;
  }
  for (let index = 0; index < valueLength; index += 1) {
    if (value[index] !== bytes[valueStart + index]) return undefined;
  }
  return field;
}

/** Keeps a valid field if it is one of those; gives the field to use. */
export function keepKnownField(
  bytes: Uint8Array,
  nameStart: number,
  valueStart: number,
  name: string,
  value: Uint8Array,
): Field {
  if (value.length > MAX_VALUE_BYTES || !SHARED_NAMES.has(name)) return [name, value];
  const field: Field = [name, value, Buffer.from(value).toString('latin1')];
  slots[slotOf(bytes, nameStart, name.length, valueStart, value.length)] = field;
  return field;
}

function slotOf(
  bytes: Uint8Array,
  nameStart: number,
  nameLength: number,
  valueStart: number,
  valueLength: number,
): number {
  const last =
    (bytes[nameStart + nameLength - 1] ?? 0) + 7 * (bytes[valueStart + valueLength - 1] ?? 0);
  return (last + 31 * nameLength + 3 * valueLength) & (SLOTS - 1);
}
