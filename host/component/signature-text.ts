/**
 * A function's type as one line of text in which everything counts that a caller and an implementation
 * must agree on: kinds, names of fields and cases, and whose resources. Names of parameters and versions do not.
 */
import { digestOf } from '../base/ids.ts';
import type { FunctionType, Plan, ValueType } from './plan.ts';

/** Longest text that is made; the largest function of WASI takes 1,700 characters. */
const MAX_LENGTH = 16_384;

const ALGORITHM = 'sha256:';
const DIGEST_DIGITS = 24;

/**
 * Writes a function's type.
 *
 * @param resources Those of the plan the type belongs to.
 * @returns For example `(borrow<wasi:io/poll/pollable>)->bool`; undefined if it would be too long to be one of the host's.
 */
export function signatureText(
  type: FunctionType,
  resources: Plan['resources'],
): string | undefined {
  const writer = new SignatureWriter(resources);
  if (type.isAsync === true) writer.add('async');
  writer.list(
    '(',
    type.parameters.map((parameter) => () => writer.type(parameter.type)),
    ')',
  );
  if (type.result !== undefined) {
    writer.add('->');
    writer.type(type.result);
  }
  return writer.text();
}

/**
 * A digest of a function's type, short enough for a table of them: 96 bits of the SHA-256 of its text.
 *
 * @returns Undefined if the type is too long to be one of the host's.
 */
export function signatureDigest(
  type: FunctionType,
  resources: Plan['resources'],
): string | undefined {
  const text = signatureText(type, resources);
  if (text === undefined) return undefined;
  const digest = digestOf(new TextEncoder().encode(text));
  return digest.slice(ALGORITHM.length, ALGORITHM.length + DIGEST_DIGITS);
}

/**
 * The name that an interface has in a table of types: drafts differ from one another, so that they keep their
 * version; releases of one line do not. The line 0.2 has names without version.
 *
 * @param name As a component imports it: `wasi:io/streams@0.2.3`, `wasi:keyvalue/store@0.2.0-draft2`.
 * @returns `wasi:io/streams`, the name itself, and for `wasi:http/types@0.3.2` `wasi:http/types@0.3`.
 */
export function signatureKey(name: string): string {
  return /@[\d.]+-/.test(name) ? name : lineOf(name);
}

/** A name without its release, but for the line 0.3, whose resources are others than those of 0.2. */
function lineOf(name: string): string {
  return name.replace(/@.*$/, '') + (/@0\.3\.\d+$/.test(name) ? '@0.3' : '');
}

class SignatureWriter {
  readonly #resources: Plan['resources'];
  #text = '';
  #isTooLong = false;

  constructor(resources: Plan['resources']) {
    this.#resources = resources;
  }

  text(): string | undefined {
    return this.#isTooLong ? undefined : this.#text;
  }

  add(part: string): void {
    this.#text += part;
    this.#isTooLong ||= this.#text.length > MAX_LENGTH;
  }

  list(open: string, items: readonly (() => void)[], close: string): void {
    this.add(open);
    for (const [index, item] of items.entries()) {
      if (this.#isTooLong) return;
      if (index > 0) this.add(',');
      item();
    }
    this.add(close);
  }

  type(type: ValueType | undefined): void {
    if (type === undefined) return this.add('_');
    if (this.#isTooLong) return undefined;
    this.add(type.kind);
    if (type.kind === 'list') return this.#types([type.element]);
    if (type.kind === 'option') return this.#types([type.some]);
    if (type.kind === 'result') return this.#types([type.ok, type.err]);
    if (type.kind === 'tuple') return this.#types(type.items);
    if (type.kind === 'stream' || type.kind === 'future') return this.#types([type.payload]);
    if (type.kind === 'record') return this.#named(type.fields);
    if (type.kind === 'variant') return this.#named(type.cases);
    if (type.kind === 'enum' || type.kind === 'flags') return this.add(`{${type.names.join(',')}}`);
    if (type.kind === 'own' || type.kind === 'borrow') {
      return this.add(`<${this.#resourceName(type.resource)}>`);
    }
    return undefined;
  }

  #types(types: readonly (ValueType | undefined)[]): void {
    this.list(
      '<',
      types.map((type) => () => this.type(type)),
      '>',
    );
  }

  #named(parts: readonly { readonly name: string; readonly type: ValueType | undefined }[]): void {
    const items = parts.map(({ name, type }) => () => {
      this.add(`${name}:`);
      this.type(type);
    });
    this.list('{', items, '}');
  }

  /** A component's own resources have no name: no function of the host takes one. */
  #resourceName(index: number): string {
    const resource = this.#resources[index];
    if (resource?.kind !== 'imported') return '';
    return `${lineOf(resource.interface)}/${resource.name}`;
  }
}
