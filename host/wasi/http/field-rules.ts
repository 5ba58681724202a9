/**
 * What a header field of a guest may be: RFC 9110 syntax, and the names that belong to the host
 * because they steer the connection (the list is the one Wasmtime forbids by default).
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5
 */
import type { Field } from '../ports.ts';

/** Names of a guest's fields we neither take nor show: hop-by-hop fields, and the host's own `host`. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const LENGTH_NAME = 'content-length';
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SPACE = 0x20;
const TAB = 0x09;
const DELETE = 0x7f;

/** Whether `text` is a token: the form of field names and methods. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether a value holds no control character but tab. */
export function isFieldValue(value: Uint8Array): boolean {
  // By index: an iterator costs more than the comparison.
  for (let index = 0; index < value.length; index += 1) {
    const byte = value[index] ?? 0;
    if ((byte < SPACE && byte !== TAB) || byte === DELETE) return false;
  }
  return true;
}

/** Whether a field is the host's business. @param key The name in lower case. */
export function isForbidden(key: string): boolean {
  return FORBIDDEN.has(key);
}

/** Takes out the fields that guests do not see. */
export function withoutForbidden(fields: readonly Field[]): readonly Field[] {
  return fields.filter(([name]) => !FORBIDDEN.has(name.toLowerCase()));
}

/**
 * Reads `content-length`.
 *
 * @returns Bytes, undefined if there is no such field, or `invalid` if it is not one plain number.
 */
export function contentLengthOf(fields: readonly Field[]): number | undefined | 'invalid' {
  let found: Uint8Array | undefined;
  for (const [name, value] of fields) {
    if (name.length !== LENGTH_NAME.length || name.toLowerCase() !== LENGTH_NAME) continue;
    if (found !== undefined) return 'invalid';
    found = value;
  }
  if (found === undefined) return undefined;
  const text = Buffer.from(found).toString('latin1');
  // 15 digits stay exact as a number.
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : 'invalid';
}
