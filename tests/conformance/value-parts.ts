/**
 * Takes values of the JavaScript mapping apart and puts them together, by their WIT type. The mapping is
 * that of `host/component/host-interface.ts`.
 */
import type { ValueType } from '../../host/component/plan.ts';

/** Which case a value of a variant-like type is. */
export interface CaseValue {
  readonly index: number;
  readonly payload: unknown;
}

/** Spells a WIT name as a JavaScript property. */
export function propertyName(name: string): string {
  return name.toLowerCase().replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Fields of a record, items of a tuple or booleans of flags, in order. */
export function partsOf(type: ValueType, value: unknown): readonly unknown[] {
  if (type.kind === 'tuple') return value as readonly unknown[];
  const names = type.kind === 'record' ? type.fields.map(({ name }) => name) : namesOf(type);
  return names.map((name) => (value as Record<string, unknown>)[propertyName(name)]);
}

/** The reverse of `partsOf`. */
export function composeParts(type: ValueType, parts: readonly unknown[]): unknown {
  if (type.kind === 'tuple') return parts;
  const names = type.kind === 'record' ? type.fields.map(({ name }) => name) : namesOf(type);
  return Object.fromEntries(names.map((name, index) => [propertyName(name), parts[index]]));
}

/** Case and payload of a variant, enum, option or result. */
export function caseOf(type: ValueType, value: unknown): CaseValue {
  if (type.kind === 'enum')
    return { index: type.names.indexOf(value as string), payload: undefined };
  if (type.kind === 'option' && type.some.kind !== 'option') {
    return { index: value === undefined ? 0 : 1, payload: value };
  }
  const { tag, val } = value as { readonly tag: string; readonly val?: unknown };
  return { index: tagsOf(type).indexOf(tag), payload: val };
}

/** The reverse of `caseOf`; `payload` is undefined where the case has none. */
export function composeCase(type: ValueType, index: number, payload: unknown): unknown {
  if (type.kind === 'enum') return type.names[index];
  if (type.kind === 'option' && type.some.kind !== 'option') return payload;
  const tag = tagsOf(type)[index];
  return payload === undefined ? { tag } : { tag, val: payload };
}

function tagsOf(type: ValueType): readonly string[] {
  if (type.kind === 'variant') return type.cases.map(({ name }) => name);
  return type.kind === 'option' ? ['none', 'some'] : ['ok', 'err'];
}

function namesOf(type: ValueType): readonly string[] {
  return type.kind === 'flags' ? type.names : [];
}
