/** Method, scheme, authority and path of a request: WIT values ↔ text, and the syntax we accept. */
import { isToken } from './field-rules.ts';

/** The variant `method`. */
export interface Method {
  readonly tag: string;
  readonly val?: string;
}

/** The variant `scheme`. */
export interface Scheme {
  readonly tag: 'HTTP' | 'HTTPS' | 'other';
  readonly val?: string;
}

/** Longest path with query; servers refuse less than that. */
const MAX_PATH_CHARS = 65_536;
/** A DNS name of 255 characters and a port, with room. */
const MAX_AUTHORITY_CHARS = 300;
/** Registered methods have at most 17 characters. */
const MAX_METHOD_CHARS = 64;
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

/** `GET` → `{ tag: 'get' }`, `PROPFIND` → `{ tag: 'other', val: 'PROPFIND' }`. */
export function methodFromText(text: string): Method {
  return KNOWN_METHODS.has(text) ? { tag: text.toLowerCase() } : { tag: 'other', val: text };
}

/** The inverse of `methodFromText`; undefined if it is no valid method. */
export function methodToText({ tag, val }: Method): string | undefined {
  if (tag !== 'other') return tag.toUpperCase();
  return val !== undefined && val.length <= MAX_METHOD_CHARS && isToken(val) ? val : undefined;
}

/** Whether a scheme can be set: another one than HTTP and HTTPS must have a scheme's form. */
export function isScheme({ tag, val }: Scheme): boolean {
  return tag !== 'other' || /^[A-Za-z][A-Za-z0-9+.-]{0,31}$/.test(val ?? '');
}

/** Whether `text` is a host with an optional port. User names are not accepted: they have no use in HTTP. */
export function isAuthority(text: string): boolean {
  if (text.length > MAX_AUTHORITY_CHARS) return false;
  return /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(?::[0-9]{0,5})?$/.test(text);
}

/** Whether `text` is a path, a query, or both, in visible ASCII and without a fragment. */
export function isPathWithQuery(text: string): boolean {
  return text.length <= MAX_PATH_CHARS && /^(?:[/?][\x21\x22\x24-\x7e]*)?$/.test(text);
}
