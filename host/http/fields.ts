/** Header fields: which belong to one connection only, and text ↔ bytes (latin1, so that every byte survives). */
import type { Field } from '../wasi/ports.ts';

/** Fields that are about this connection (RFC 9110, 7.6.1), or answered by this host itself. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
]);

/** Fields that mean nothing, or harm, after a body. */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...CONNECTION_FIELDS,
  'trailer',
  'host',
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'authorization',
  'cookie',
  'set-cookie',
  'forwarded',
  'x-real-ip',
  'x-request-id',
]);

/** Whether a field ends at this connection. @param name Lower case. */
export function isConnectionField(name: string): boolean {
  return CONNECTION_FIELDS.has(name);
}

/** Whether a field may stand in trailers. @param name Lower case. */
export function isTrailerField(name: string): boolean {
  return !NOT_IN_TRAILERS.has(name) && !name.startsWith('x-forwarded-');
}

/** Makes a field of text as it came from the parser. */
export function fieldOf(name: string, value: string): Field {
  return [name, Buffer.from(value, 'latin1')];
}

/** Node's own method, which takes any bytes as its receiver: a view of them first would cost more than the text. */
// oxlint-disable-next-line typescript/unbound-method -- it is called with its receiver
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

/** The text of a value that Node writes back as the same bytes. */
export function textOf(value: Uint8Array): string {
  return latin1Slice.call(value, 0, value.byteLength);
}

/**
 * Reads trailers from a parser's flat list.
 *
 * @param raw Name, value, name, value …
 * @returns The fields that may stand there, or undefined if there are none.
 */
export function trailersOf(raw: readonly string[]): readonly Field[] | undefined {
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (isTrailerField(name)) fields.push(fieldOf(name, raw[index + 1] ?? ''));
  }
  return fields.length === 0 ? undefined : fields;
}
