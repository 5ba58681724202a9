/** A query or body → the value that its schema describes, or the error that says which field is wrong. */
import type { z } from 'zod';
import { HostError } from '../../base/errors.ts';

/**
 * Reads by a schema. Messages name the field, and never what stood in it: it may be a secret.
 *
 * @throws {invalid_request} If it is not as the schema has it.
 */
export function readRequest<T>(schema: z.ZodType<T>, value: unknown, where: 'query' | 'body'): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join('.') ?? '';
  const name = field === '' ? '' : ` "${field}"`;
  throw new HostError('invalid_request', {
    reason: `its ${where}${name} is invalid: ${issue?.message ?? ''}`,
  });
}
