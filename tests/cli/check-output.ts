/** Holds what a command wrote with `--format json` against its schema: that of the command, and the published one. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorOutput, outputs, type OutputCommand } from '../../cli/output/output-schemas.ts';

/** The published schema. */
export const OUTPUT_SCHEMA = new URL('../../sdk/schema/cli-output.schema.json', import.meta.url);

/** Throws if a value is not what a command writes, or has a field that is not described. */
export function checkOutput(command: OutputCommand | 'error', value: unknown): void {
  const own: z.ZodType = command === 'error' ? errorOutput : outputs[command];
  own.parse(value);
  publishedOf(command.replace(' ', '-')).parse(value);
}

function publishedOf(name: string): z.ZodType {
  const { $defs } = JSON.parse(readFileSync(OUTPUT_SCHEMA, 'utf8')) as { $defs: object };
  return z.fromJSONSchema({ $defs, $ref: `#/$defs/${name}` } as Parameters<
    typeof z.fromJSONSchema
  >[0]);
}
