/**
 * Key-value calls ↔ JSON, for the link between a process that serves functions and the driver's. Values travel in
 * base64, big numbers as text. Whatever is read here was sent by another process and is checked.
 */
import { refuse } from './check-request.ts';
import type {
  KeyValueEntry,
  KeyValueKey,
  KeyValuePage,
  KeyValueQuery,
  KeyValueWrite,
  SwapOutcome,
} from './key-value-store.ts';

/** Fields of a message. */
type Fields = Readonly<Record<string, unknown>>;

/** A write as it travels. */
interface WireWrite {
  readonly key: string;
  readonly value: string;
  readonly metadata?: string | undefined;
  readonly ttlMs?: number | undefined;
}

/** An entry as it travels; null where there is none. */
interface WireEntry {
  readonly value: string;
  readonly metadata?: string | undefined;
  readonly expiresAtMs?: number | undefined;
  readonly revision: number;
}

/** Writes as they travel. */
export function encodeWrites(writes: readonly KeyValueWrite[]): readonly WireWrite[] {
  return writes.map(({ value, ...rest }) => ({ ...rest, value: toBase64(value) }));
}

/** An entry as it travels. */
export function encodeEntry(entry: KeyValueEntry | undefined): WireEntry | null {
  return entry === undefined ? null : { ...entry, value: toBase64(entry.value) };
}

/** A swap's outcome as it travels. */
export function encodeSwap(outcome: SwapOutcome): object {
  return outcome.swapped ? outcome : { swapped: false, entry: encodeEntry(outcome.entry) };
}

/** Reads an entry, or that there is none. */
export function decodeEntry(value: unknown): KeyValueEntry | undefined {
  if (value === null) return undefined;
  const fields = fieldsOf(value);
  return {
    value: bytesOf(fields['value']),
    metadata: optional(fields['metadata'], textOf),
    expiresAtMs: optional(fields['expiresAtMs'], numberOf),
    revision: numberOf(fields['revision']),
  };
}

/** Reads a swap's outcome. */
export function decodeSwap(value: unknown): SwapOutcome {
  const { swapped, revision, entry } = fieldsOf(value);
  if (swapped === true) return { swapped, revision: numberOf(revision) };
  return { swapped: false, entry: decodeEntry(entry) };
}

/** Reads a page of keys. */
export function decodePage(value: unknown): KeyValuePage {
  const { keys, cursor } = fieldsOf(value);
  return { keys: listOf(keys, decodeKey), cursor: optional(cursor, textOf) };
}

/** Reads one write. */
export function decodeWrite(value: unknown): KeyValueWrite {
  const fields = fieldsOf(value);
  return {
    key: textOf(fields['key']),
    value: bytesOf(fields['value']),
    metadata: optional(fields['metadata'], textOf),
    ttlMs: optional(fields['ttlMs'], numberOf),
  };
}

/** Reads which keys are wanted. */
export function decodeQuery(value: unknown): KeyValueQuery {
  const fields = fieldsOf(value);
  return {
    prefix: optional(fields['prefix'], textOf),
    cursor: optional(fields['cursor'], textOf),
    limit: optional(fields['limit'], numberOf),
  };
}

/** Reads an object. @throws {key_value_refused} If it is none; so do the others here. */
export function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw nonsense('an object');
}

export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw nonsense('text');
}

export function numberOf(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw nonsense('a number');
}

export function bigintOf(value: unknown): bigint {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw nonsense('a whole number as text');
}

export function listOf<T>(value: unknown, read: (item: unknown) => T): readonly T[] {
  if (Array.isArray(value)) return value.map((item: unknown) => read(item));
  throw nonsense('a list');
}

function decodeKey(value: unknown): KeyValueKey {
  const fields = fieldsOf(value);
  return {
    key: textOf(fields['key']),
    size: numberOf(fields['size']),
    metadata: optional(fields['metadata'], textOf),
    expiresAtMs: optional(fields['expiresAtMs'], numberOf),
  };
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(textOf(value), 'base64');
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function nonsense(expected: string): Error {
  return refuse('read a message', `${expected} is missing in it`);
}
