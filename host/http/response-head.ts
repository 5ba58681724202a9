/** Status and fields of a guest's response → what Node writes; refuses what would break HTTP. */
import type { Field } from '../wasi/ports.ts';
import { isConnectionField, textOf } from './fields.ts';

/** A response before its body, ready to be written. */
export interface ResponseHead {
  readonly status: number;
  /** Name, value, name, value … */
  readonly raw: string[];
  /** Length that the guest declared. */
  readonly declaredBytes: number | undefined;
  /** Trailers that the guest announced: only a chunked body can have them. */
  readonly trailer: string | undefined;
}

/**
 * Reads a guest's status and fields.
 *
 * @param status 200 to 599.
 * @param fields Any; those of the connection are left out, `x-request-id` is the host's.
 * @returns The head, or what is wrong with it in words that complete "Cannot use the answer: …".
 */
export function readResponseHead(status: number, fields: readonly Field[]): ResponseHead | string {
  if (!(status >= 200 && status <= 599)) return `it has the status ${status}, not 200 to 599`;
  const raw: string[] = [];
  let declared: string | undefined;
  let trailer: string | undefined;
  for (const [anyCaseName, bytes, text] of fields) {
    const name = anyCaseName.toLowerCase();
    if (isConnectionField(name) || name === 'x-request-id') continue;
    const value = text ?? textOf(bytes);
    if (name === 'trailer') {
      trailer = value;
    } else if (name === 'content-length') {
      if (declared !== undefined && declared !== value) return 'it has two different lengths';
      if (!/^\d{1,15}$/.test(value)) return 'its content-length is not a number';
      declared = value;
    } else {
      raw.push(name, value);
    }
  }
  return {
    status,
    raw,
    declaredBytes: declared === undefined ? undefined : Number(declared),
    trailer,
  };
}
