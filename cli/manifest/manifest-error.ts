/** What a schema finds wrong in a manifest → a coded error that says where, what is there and what should be. */
import { HostError } from '../../host/base/errors.ts';
import { findNearest } from '../../host/base/nearest.ts';
import { findPlace } from './find-place.ts';
import { manifestSchema } from './manifest-schema.ts';

/** What is read of an issue of zod. */
export interface ManifestIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  /** Of a union: what each of its members says. */
  readonly errors?: readonly (readonly ManifestIssue[])[];
}

/** A manifest that was read but not understood. */
export interface ManifestText {
  readonly file: string;
  readonly text: string;
  readonly tree: unknown;
}

/** What is read of a schema node, whatever its class. */
interface SchemaNode {
  readonly shape?: Readonly<Record<string, SchemaNode>>;
  readonly def: {
    readonly innerType?: SchemaNode;
    readonly element?: SchemaNode;
    readonly valueType?: SchemaNode;
    readonly options?: readonly SchemaNode[];
  };
}

/** Makes the error of the first issue. */
export function manifestError(
  issue: ManifestIssue | undefined,
  manifest: ManifestText,
  schema: unknown = manifestSchema,
): HostError {
  const { path, keys, message } = innermost(issue);
  const unknown = keys?.[0];
  if (unknown !== undefined) return unknownKey(path, unknown, manifest, schema as SchemaNode);
  const value = valueAt(manifest.tree, path);
  // A key that is not there has the place of the table that lacks it.
  const known = value === undefined ? path.slice(0, -1) : path;
  return new HostError('invalid_manifest_value', {
    key: path.join('.'),
    place: placeOf(known, manifest),
    // What stands there by mistake may be the secret itself.
    given: path[0] === 'secrets' && typeof value === 'string' ? 'a text' : describeValue(value),
    expected: message,
  });
}

/** Where a key stands: `faas.toml:3:1`. */
export function placeOf(path: readonly string[], { file, text }: ManifestText): string {
  const { line, column } = findPlace(text, path);
  return `${file}:${line}:${column}`;
}

function unknownKey(
  path: readonly string[],
  name: string,
  manifest: ManifestText,
  schema: SchemaNode,
): HostError {
  const key = [...path, name].join('.');
  const siblings = keysAt(schema, path);
  const nearest = findNearest(name, siblings) ?? elsewhere(name, schema);
  const full = siblings.includes(nearest ?? '') ? [...path, nearest].join('.') : nearest;
  return new HostError('unknown_manifest_key', {
    key: key.slice(0, 200),
    place: placeOf([...path, name], manifest),
    hint: full === undefined ? 'Remove it' : `Write "${full}" if that is what you mean`,
  });
}

/** The same name in another table: `memory` at the top is meant to be `limits.memory`. */
function elsewhere(name: string, schema: SchemaNode): string | undefined {
  const keys = Object.entries(shapeOf(schema) ?? {}).flatMap(([group, node]) =>
    Object.keys(shapeOf(node) ?? {}).map((key) => `${group}.${key}`),
  );
  return keys.find((key) => key.split('.').at(-1) === name) ?? findNearest(name, keys);
}

function keysAt(schema: SchemaNode, path: readonly string[]): readonly string[] {
  let nodes: readonly SchemaNode[] = [schema];
  for (const name of path) nodes = nodes.flatMap((node) => childrenOf(node, name));
  return nodes.flatMap((node) => Object.keys(shapeOf(node) ?? {}));
}

function childrenOf(node: SchemaNode, name: string): readonly SchemaNode[] {
  const plain = unwrap(node);
  const child = plain.shape?.[name] ?? plain.def.element ?? plain.def.valueType;
  return child === undefined ? [] : (unwrap(child).def.options ?? [child]);
}

function shapeOf(node: SchemaNode): SchemaNode['shape'] {
  return unwrap(node).shape;
}

function unwrap(node: SchemaNode): SchemaNode {
  const { innerType } = node.def;
  return node.shape === undefined && innerType !== undefined ? unwrap(innerType) : node;
}

/** Of a union the member that fits best speaks: the one whose type is right. */
function innermost(issue: ManifestIssue | undefined): {
  readonly path: readonly string[];
  readonly keys?: readonly string[];
  readonly message: string;
} {
  const path = (issue?.path ?? []).map(String);
  const meant = issue?.errors?.find((branch) =>
    branch.every(({ code, path }) => path.length > 0 || code !== 'invalid_type'),
  );
  const unknown = meant?.find(({ keys }) => keys !== undefined) ?? meant?.[0];
  if (unknown !== undefined) {
    const inner = innermost(unknown);
    return { ...inner, path: [...path, ...inner.path] };
  }
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys : undefined;
  return { path, message: issue?.message ?? '', ...(keys === undefined ? {} : { keys }) };
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'not there';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'boolean') return `the word ${value}`;
  return value instanceof Date ? 'a date' : 'a table';
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
