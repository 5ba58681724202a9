/** A request as the bytes that go over the wire, made once and sent many times. */
import type { ExampleRequest } from '../kit/examples.ts';

/**
 * Encodes an HTTP/1.1 request with keep-alive.
 *
 * @param host Value of the header `host`: the name of a function and the host's domain.
 */
export function encodeRequest(
  host: string,
  { method, path, body, contentType = 'text/plain' }: ExampleRequest,
): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`];
  if (method === 'POST') {
    lines.push(`content-type: ${contentType}`, `content-length: ${Buffer.byteLength(body)}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
