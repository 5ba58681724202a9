/** The schema of `faas.toml` → JSON Schema, for editors: `sdk/schema/faas.schema.json` is this text. */
import { z } from 'zod';
import { manifestSchema } from './manifest-schema.ts';

/** Generates the text of the published file. */
export function manifestJsonSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(manifestSchema, { io: 'input' });
  const schema = {
    $schema,
    title: 'faas.toml',
    description: 'The manifest of a wasi-faas function',
    ...rest,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
