/**
 * The keys of the configuration as a list, read from the schema: for error messages that name the
 * nearest key and for the test that holds `docs/configuration.md` to the schema.
 */
import { configSchema } from './schema.ts';

/** One setting. */
export interface ConfigKey {
  /** Dotted path: `http.headerBytes`. */
  readonly key: string;
  /** What it is for, as the schema says it. */
  readonly description: string;
  /** Value where none is given; undefined if the host works it out (`dataDir`). */
  readonly defaultValue: unknown;
}

/** What is read of a schema node, whatever its class. */
interface SchemaNode {
  readonly description?: string | undefined;
  readonly shape?: Readonly<Record<string, SchemaNode>>;
  readonly def: {
    readonly innerType?: SchemaNode;
    readonly defaultValue?: unknown;
  };
}

/** Every setting in the order of the schema; groups are not listed themselves. */
export function listConfigKeys(): readonly ConfigKey[] {
  return [...keysOf(configSchema as unknown as SchemaNode, '')];
}

function* keysOf(node: SchemaNode, prefix: string): Generator<ConfigKey> {
  for (const [name, child] of Object.entries(node.shape ?? {})) {
    const inner = child.shape === undefined ? child.def.innerType : child;
    if (inner?.shape !== undefined) {
      yield* keysOf(inner, `${prefix}${name}.`);
    } else {
      const { description = '', def } = child;
      yield { key: prefix + name, description, defaultValue: def.defaultValue };
    }
  }
}
