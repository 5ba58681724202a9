/**
 * The first line's target → authority and path (RFC 9112, 3.2). Nothing is decoded or normalised; what no
 * client may send is refused.
 */
import { HostError } from '../base/errors.ts';

const SLASH = 0x2f;
const HASH = 0x23;

/** A target: with an authority of its own in absolute form, `*` as its path in asterisk form. */
export interface RequestTarget {
  readonly authority: string | undefined;
  /** Path and query, or `*`. */
  readonly path: string;
}

/**
 * Reads a target.
 *
 * @throws {malformed_request} If it has a form that does not belong to the method, or forbidden characters.
 */
export function parseRequestTarget(target: string, method: string): RequestTarget {
  checkCharacters(target);
  if (target.charCodeAt(0) === SLASH) return { authority: undefined, path: target };
  if (target === '*') {
    if (method === 'OPTIONS') return { authority: undefined, path: target };
    throw malformed('only OPTIONS can be sent to "*"');
  }
  return parseAbsolute(target);
}

/**
 * Refuses what cannot be a host and port.
 *
 * @throws {malformed_request} If there is a character that no authority has.
 */
export function checkAuthority(authority: string): void {
  for (let index = 0; index < authority.length; index += 1) {
    const code = authority.charCodeAt(index);
    const isForbidden =
      code <= 0x20 ||
      code >= 0x7f ||
      code === SLASH ||
      code === HASH ||
      code === 0x22 || // "
      code === 0x2c || // ,
      code === 0x3c || // <
      code === 0x3e || // >
      code === 0x3f || // ?
      code === 0x40 || // @
      code === 0x5c; // \
    if (isForbidden) throw malformed('its Host field is not a host');
  }
}

function parseAbsolute(target: string): RequestTarget {
  const scheme = target.indexOf('://');
  const name = target.slice(0, Math.max(scheme, 0)).toLowerCase();
  if (name !== 'http' && name !== 'https')
    throw malformed('its target is neither a path nor a URL');
  const start = scheme + 3;
  let end = start;
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end += 1;
  const authority = target.slice(start, end);
  if (authority === '') throw malformed('its target has no host');
  const path = target.slice(end);
  return { authority, path: path.startsWith('/') ? path : `/${path}` };
}

function checkCharacters(target: string): void {
  for (let index = 0; index < target.length; index += 1) {
    const code = target.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f || code === HASH) {
      throw malformed('its target has a character that must be percent-encoded');
    }
  }
}

function malformed(reason: string): HostError {
  return new HostError('malformed_request', { reason });
}
