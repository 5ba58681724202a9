/**
 * How values lie in linear memory, and which core values they are when they are passed flat.
 *
 * A component's types may share parts so that written out they would be endless; everything here is
 * computed once for each distinct type, bottom-up.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#alignment
 */
import { HostError } from '../../base/errors.ts';
import type { ValueType } from '../plan.ts';

/** A core value type of the flat form. */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** Most flat parameters; more go through memory. */
export const MAX_FLAT_PARAMETERS = 16;

/** Most flat results; more go through memory. */
export const MAX_FLAT_RESULTS = 1;

/** Most flat parameters of a function that is called asynchronously. */
export const MAX_FLAT_ASYNC_PARAMETERS = 4;

/** Flat forms are cut here: longer than any that is passed flat, short enough to be held for any type. */
const FLAT_KEPT = 2 * MAX_FLAT_PARAMETERS;

/** Values inside values inside values: beyond this the generated code could overflow the stack. */
const MAX_DEPTH = 64;

/** Distinct types of one component; WASI as a whole has a few hundred. */
const MAX_TYPES = 10_000;

/** Largest value that is not a list, bytes; so large a record would be an attack. */
const MAX_SIZE_BYTES = 65_536;

/** One distinct type, and all that generating code for it needs to know. */
export interface TypeInfo {
  /** Number among the distinct types. */
  readonly id: number;
  readonly type: ValueType;
  readonly size: number;
  readonly align: number;
  /** Core values of the flat form; cut if there are more than can ever be passed. */
  readonly flat: readonly CoreType[];
  /** Parts in order: fields, items, or payloads by discriminant (undefined: none); of a list its element. */
  readonly parts: readonly (TypeInfo | undefined)[];
  /** Where each part lies; for variant-like types all payloads lie at one place. */
  readonly offsets: readonly number[];
  /** Bytes of the discriminant of variant-like types, 0 for others. */
  readonly discriminantBytes: number;
  /** Of a stream or future what it carries; not a part, as no value holds it. */
  readonly payload: TypeInfo | undefined;
  /** Whether a handle of a component's own resource is inside. */
  readonly hasOwnResource: boolean;
  /** Whether a borrowed handle is inside. */
  readonly hasBorrow: boolean;
  /** Whether an owned handle is inside. */
  readonly hasOwn: boolean;
  readonly depth: number;
}

/** The distinct types of a component. */
export class TypeTable {
  readonly #isOwnResource: (resource: number) => boolean;
  readonly #byObject = new Map<ValueType, TypeInfo>();
  readonly #byShape = new Map<string, TypeInfo>();

  /** @param isOwnResource Whether a resource is defined by a component. */
  constructor(isOwnResource: (resource: number) => boolean) {
    this.#isOwnResource = isOwnResource;
  }

  /**
   * Gives a type's facts.
   *
   * @throws {wasm_too_complex} If types are nested too deeply, too large, or too many.
   */
  of(type: ValueType): TypeInfo {
    const known = this.#byObject.get(type);
    if (known !== undefined) return known;
    const info = this.#intern(type, 0);
    return info;
  }

  /** Facts of several values one after the other: parameters that go through memory. */
  tuple(types: readonly ValueType[]): TypeInfo {
    return this.of({ kind: 'tuple', items: types });
  }

  #intern(type: ValueType, level: number): TypeInfo {
    const known = this.#byObject.get(type);
    if (known !== undefined) return known;
    if (level > MAX_DEPTH) throw tooComplex('types inside types', MAX_DEPTH);
    const parts = partsOf(type).map((part) =>
      part === undefined ? undefined : this.#intern(part, level + 1),
    );
    const carried = type.kind === 'stream' || type.kind === 'future' ? type.payload : undefined;
    const payload = carried && this.#intern(carried, level + 1);
    const shape = shapeOf(type, parts, payload);
    let info = this.#byShape.get(shape);
    if (info === undefined) {
      if (this.#byShape.size >= MAX_TYPES) throw tooComplex('types', MAX_TYPES);
      info = this.#describe(type, parts, payload);
      this.#byShape.set(shape, info);
    }
    this.#byObject.set(type, info);
    return info;
  }

  #describe(type: ValueType, parts: TypeInfo['parts'], payload: TypeInfo | undefined): TypeInfo {
    const present = parts.filter((part) => part !== undefined);
    const isEnd = type.kind === 'stream' || type.kind === 'future';
    const depth = 1 + Math.max(payload?.depth ?? 0, ...present.map((part) => part.depth));
    if (depth > MAX_DEPTH) throw tooComplex('types inside types', MAX_DEPTH);
    const isHandle = type.kind === 'own' || type.kind === 'borrow';
    const layout = layoutOf(type, parts);
    if (layout.size > MAX_SIZE_BYTES) throw tooComplex('bytes in a value', MAX_SIZE_BYTES);
    return {
      id: this.#byShape.size,
      type,
      parts,
      payload,
      depth,
      ...layout,
      flat: flatten(type, parts).slice(0, FLAT_KEPT),
      hasOwnResource: isHandle
        ? this.#isOwnResource(type.resource)
        : present.some((part) => part.hasOwnResource),
      hasBorrow: type.kind === 'borrow' || present.some((part) => part.hasBorrow),
      hasOwn: isEnd || type.kind === 'own' || present.some((part) => part.hasOwn),
    };
  }
}

/** Types inside a type: fields, items, payloads by discriminant, or a list's element. */
function partsOf(type: ValueType): readonly (ValueType | undefined)[] {
  if (type.kind === 'list') return [type.element];
  if (type.kind === 'record') return type.fields.map((field) => field.type);
  if (type.kind === 'tuple') return type.items;
  if (type.kind === 'variant') return type.cases.map((one) => one.type);
  if (type.kind === 'option') return [undefined, type.some];
  if (type.kind === 'result') return [type.ok, type.err];
  return [];
}

/** What tells distinct types apart: kind, names, and the numbers of the parts. */
function shapeOf(type: ValueType, parts: TypeInfo['parts'], payload: TypeInfo | undefined): string {
  const names =
    type.kind === 'record'
      ? type.fields.map((field) => field.name)
      : type.kind === 'variant'
        ? type.cases.map((one) => one.name)
        : type.kind === 'enum' || type.kind === 'flags'
          ? type.names
          : [];
  const isHandle = type.kind === 'own' || type.kind === 'borrow';
  const resource = isHandle ? type.resource : (payload?.id ?? -1);
  return JSON.stringify([type.kind, resource, names, parts.map((part) => part?.id ?? -1)]);
}

type Layout = Pick<TypeInfo, 'size' | 'align' | 'offsets' | 'discriminantBytes'>;

/** Sizes of what is aligned to its size; handles and the rest take 4 bytes. */
const SCALAR_BYTES: Readonly<Record<string, number>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s64: 8,
  u64: 8,
  f64: 8,
};

function layoutOf(type: ValueType, parts: TypeInfo['parts']): Layout {
  const { kind } = type;
  if (kind === 'string' || kind === 'list') return scalar(8, 4);
  if (kind === 'record' || kind === 'tuple') return sequence(parts);
  if (kind === 'enum') return variant(type.names.map(() => undefined));
  if (kind === 'variant' || kind === 'option' || kind === 'result') return variant(parts);
  const bytes = kind === 'flags' ? flagBytes(type.names.length) : (SCALAR_BYTES[kind] ?? 4);
  return scalar(bytes, bytes);
}

function flagBytes(count: number): number {
  // The specification has no more than 32 since 0.2; without flags there would be nothing to pass.
  if (count === 0 || count > 32) throw tooComplex('flags in a type, or none,', 32);
  return count <= 8 ? 1 : count <= 16 ? 2 : 4;
}

function scalar(size: number, align: number): Layout {
  return { size, align, offsets: [], discriminantBytes: 0 };
}

function sequence(parts: TypeInfo['parts']): Layout {
  let end = 0;
  let align = 1;
  const offsets: number[] = [];
  for (const part of parts) {
    if (part === undefined) continue;
    const offset = alignTo(end, part.align);
    offsets.push(offset);
    end = offset + part.size;
    align = Math.max(align, part.align);
  }
  return { size: alignTo(end, align), align, offsets, discriminantBytes: 0 };
}

function variant(payloads: TypeInfo['parts']): Layout {
  if (payloads.length === 0) throw tooComplex('variants without a case', 0);
  const discriminantBytes = payloads.length <= 256 ? 1 : payloads.length <= 65_536 ? 2 : 4;
  let size = 0;
  let align = 1;
  for (const payload of payloads) {
    size = Math.max(size, payload?.size ?? 0);
    align = Math.max(align, payload?.align ?? 1);
  }
  const offset = alignTo(discriminantBytes, align);
  const whole = Math.max(align, discriminantBytes);
  return {
    size: alignTo(offset + size, whole),
    align: whole,
    offsets: payloads.map(() => offset),
    discriminantBytes,
  };
}

function flatten({ kind }: ValueType, parts: TypeInfo['parts']): CoreType[] {
  if (kind === 's64' || kind === 'u64') return ['i64'];
  if (kind === 'f32' || kind === 'f64') return [kind];
  if (kind === 'string' || kind === 'list') return ['i32', 'i32'];
  if (kind === 'record' || kind === 'tuple') return parts.flatMap((part) => part?.flat ?? []);
  const isVariant = kind === 'variant' || kind === 'option' || kind === 'result';
  return isVariant ? ['i32', ...joinFlat(parts)] : ['i32'];
}

/** The core values that hold whichever payload there is. */
function joinFlat(payloads: TypeInfo['parts']): CoreType[] {
  const joined: CoreType[] = [];
  for (const payload of payloads) {
    for (const [index, core] of (payload?.flat ?? []).entries()) {
      const other = joined[index];
      joined[index] = other === undefined ? core : join(other, core);
    }
  }
  return joined;
}

function join(left: CoreType, right: CoreType): CoreType {
  if (left === right) return left;
  const are32 = [left, right].every((core) => core === 'i32' || core === 'f32');
  return are32 ? 'i32' : 'i64';
}

function alignTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}

function tooComplex(what: string, limit: number): HostError {
  return new HostError('wasm_too_complex', { what, limit });
}
