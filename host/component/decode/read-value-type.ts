/**
 * Bytes → value types. Labels are checked here, so that whatever comes later may rely on them: words of
 * ASCII letters and digits joined by `-`, no two in one type equal but for case.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#type-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type { PrimitiveKind } from '../plan.ts';
import type {
  Labelled,
  LabelledCase,
  ValueDefinition,
  ValueReference,
} from './decoded-component.ts';
import type { Scope } from './scope.ts';
import { unsupported } from './unsupported.ts';

const PRIMITIVES: ReadonlyMap<number, PrimitiveKind> = new Map([
  [0x7f, 'bool'],
  [0x7e, 's8'],
  [0x7d, 'u8'],
  [0x7c, 's16'],
  [0x7b, 'u16'],
  [0x7a, 's32'],
  [0x79, 'u32'],
  [0x78, 's64'],
  [0x77, 'u64'],
  [0x76, 'f32'],
  [0x75, 'f64'],
  [0x74, 'char'],
  [0x73, 'string'],
]);

/** Forms outside of WASI 0.2. */
const UNSUPPORTED: ReadonlyMap<number, string> = new Map([
  [0x63, 'the type map'],
  [0x64, 'the type error-context'],
  [0x67, 'lists of fixed length'],
]);

/** More flags than these need more than one core value, which the specification took back. */
const MAX_FLAGS = 32;
/** No text matches in two ways: on a label that fails, a choice would double the work with every word. */
const LABEL = /^(?:[a-z][\da-z]*|[A-Z][\dA-Z]*)(?:-(?:\d+|\d*[a-z][\da-z]*|\d*[A-Z][\dA-Z]*))*$/;

/**
 * Reads the rest of a value type's definition.
 *
 * @param code Its first byte, already read.
 * @returns Undefined if the byte begins no value type.
 * @throws {unsupported_by_native} If it is a form that the native engine does not know.
 */
export function readValueDefinition(
  reader: ByteReader,
  scope: Scope,
  code: number,
): ValueDefinition | undefined {
  const primitive = PRIMITIVES.get(code);
  if (primitive !== undefined) return { kind: 'primitive', primitive };
  switch (code) {
    case 0x72:
      return { kind: 'record', fields: readLabelled(reader, scope, 'fields', 1) };
    case 0x71:
      return { kind: 'variant', cases: readCases(reader, scope) };
    case 0x70:
      return { kind: 'list', element: readValueReference(reader, scope) };
    case 0x6f:
      return { kind: 'tuple', items: readItems(reader, scope) };
    case 0x6e:
      return { kind: 'flags', names: readLabels(reader, scope, MAX_FLAGS) };
    case 0x6d:
      return { kind: 'enum', names: readLabels(reader, scope) };
    case 0x6b:
      return { kind: 'option', some: readValueReference(reader, scope) };
    case 0x6a: {
      const ok = readOptional(reader, scope);
      return { kind: 'result', ok, err: readOptional(reader, scope) };
    }
    case 0x69:
      return { kind: 'own', resource: scope.readIndex(reader, 'type') };
    case 0x68:
      return { kind: 'borrow', resource: scope.readIndex(reader, 'type') };
    case 0x66:
      return { kind: 'stream', payload: readOptional(reader, scope) };
    case 0x65:
      return { kind: 'future', payload: readOptional(reader, scope) };
    default: {
      const reason = UNSUPPORTED.get(code);
      if (reason !== undefined) throw unsupported(reason);
      return undefined;
    }
  }
}

/** Reads a value type where it is used. */
export function readValueReference(reader: ByteReader, scope: Scope): ValueReference {
  const at = reader.offset;
  const code = reader.peek();
  const primitive = PRIMITIVES.get(code);
  if (primitive !== undefined) {
    reader.u8();
    return primitive;
  }
  const reason = UNSUPPORTED.get(code);
  if (reason !== undefined) throw unsupported(reason);
  const index = reader.s33();
  if (index < 0) throw reader.malformed('a value type', at);
  scope.checkIndex(reader, 'type', index, at);
  return index;
}

/** Reads fields or parameters. */
export function readLabelled(
  reader: ByteReader,
  scope: Scope,
  what: string,
  least: number,
): Labelled[] {
  const count = readCount(reader, scope, what, least);
  const labels = new Set<string>();
  return Array.from({ length: count }, () => {
    const name = readLabel(reader, labels);
    return { name, type: readValueReference(reader, scope) };
  });
}

function readCases(reader: ByteReader, scope: Scope): LabelledCase[] {
  const count = readCount(reader, scope, 'cases', 1);
  const labels = new Set<string>();
  return Array.from({ length: count }, () => {
    const name = readLabel(reader, labels);
    const type = readOptional(reader, scope);
    // Here stood which case a case refines, an idea that was given up.
    if (reader.u8() !== 0) throw reader.malformed('the end of a case', reader.offset - 1);
    return { name, type };
  });
}

function readItems(reader: ByteReader, scope: Scope): ValueReference[] {
  const count = readCount(reader, scope, 'items', 1);
  return Array.from({ length: count }, () => readValueReference(reader, scope));
}

function readLabels(reader: ByteReader, scope: Scope, most = Infinity): string[] {
  const at = reader.offset;
  const count = readCount(reader, scope, 'names', 1);
  if (count > most) throw reader.malformed(`at most ${most} names`, at);
  const labels = new Set<string>();
  return Array.from({ length: count }, () => readLabel(reader, labels));
}

/** Reads a value type, or that there is none. */
export function readOptional(reader: ByteReader, scope: Scope): ValueReference | undefined {
  const code = reader.u8();
  if (code > 1) throw reader.malformed('whether there is a type', reader.offset - 1);
  return code === 0 ? undefined : readValueReference(reader, scope);
}

function readCount(reader: ByteReader, scope: Scope, what: string, least: number): number {
  const at = reader.offset;
  const count = reader.count(what);
  if (count < least) throw reader.malformed(`at least ${least} of the ${what}`, at);
  scope.budget.addParts(count);
  return count;
}

function readLabel(reader: ByteReader, taken: Set<string>): string {
  const at = reader.offset;
  const label = reader.name();
  if (!LABEL.test(label)) throw reader.malformed('a label in kebab case', at);
  const lower = label.toLowerCase();
  if (taken.has(lower)) throw reader.malformed('a label that was not used before', at);
  taken.add(lower);
  return label;
}
