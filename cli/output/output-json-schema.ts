/** The schemas of `--format json` → JSON Schema, for scripts: `sdk/schema/cli-output.schema.json` is this text. */
import { z } from 'zod';
import { errorOutput, LINE_COMMANDS, outputs } from './output-schemas.ts';

type Json = Readonly<Record<string, unknown>>;

/** Generates the text of the published file. */
export function outputJsonSchema(): string {
  const named = new Map<string, Json>();
  const commands = Object.entries<z.ZodType>(outputs).map(([command, type]) => {
    const value = LINE_COMMANDS.has(command) ? 'one line of stdout' : 'stdout';
    return define(command.replace(' ', '-'), type, `${value} of "faas ${command}"`, named);
  });
  const error = define('error', errorOutput, 'stderr of a command that fails', named);
  const shared = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'faas --format json',
    description:
      'What commands write with --format json, each in $defs under its name. Later releases may write more fields.',
    anyOf: [...commands, error].map(([name]) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries([...commands, error, ...shared]),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** A schema under its name; those with names of their own, which it refers to, go to the others. */
function define(
  name: string,
  type: z.ZodType,
  description: string,
  named: Map<string, Json>,
): readonly [name: string, schema: Json] {
  const {
    $schema: _dialect,
    $defs = {},
    ...schema
  } = z.toJSONSchema(type, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.readOnly;
      delete jsonSchema.additionalProperties;
    },
  });
  for (const [key, one] of Object.entries($defs)) named.set(key, one);
  return [name, { description, ...schema }];
}
