/**
 * The text of `--route` → a `Route`.
 *
 *     api.example.com/v1/*     paths that begin with /v1/ on one host
 *     *.example.com/*          all paths on all subdomains
 *     example.com              the same as example.com/*
 *     /assets/*                any host
 *
 * `http://` and `https://` in front are ignored, because people paste URLs and both lead here. Hosts
 * become lower-case ASCII (IDNA), paths the form that URLs have on the wire (RFC 3986).
 */
import { domainToASCII } from 'node:url';
import { HostError } from '../base/errors.ts';
import type { Route } from './model.ts';

/** Longer ones no server would accept in a request line beside its other parts. */
const MAX_PATH_LENGTH = 1024;
/** A DNS name (RFC 1035). */
const MAX_HOST_LENGTH = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** What ASCII a host may hold; the rest is for IDNA to judge. */
const HOST_CHARACTERS = /^(?:[A-Za-z0-9._-]|[^\0-\x7F])+$/;
const PATH_CHARACTERS = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;

/**
 * Reads a route.
 *
 * @param text `host/path`, `host` or `/path`; `*` as first label of the host, as whole host and as last
 *   segment of the path.
 * @throws {invalid_route} If it is anything else.
 */
export function parseRoute(text: string): Route {
  const refuse: Refuse = (reason) => {
    throw new HostError('invalid_route', { value: text.slice(0, 200), reason });
  };
  const rest = text.trim().replace(/^https?:\/\//i, '');
  if (rest === '') return refuse('it is empty');
  if (rest.includes('://')) return refuse('only http and https can lead to a function');
  const slash = rest.indexOf('/');
  const host = slash < 0 ? rest : rest.slice(0, slash);
  if (host === '' && rest !== text.trim()) return refuse('the host is missing');
  return Object.freeze({
    host: host === '' ? '*' : parseHost(host, refuse),
    path: slash < 0 ? '/*' : parsePath(rest.slice(slash), refuse),
  });
}

/** Throws the coded error with the reason. */
type Refuse = (reason: string) => never;

function parseHost(host: string, refuse: Refuse): string {
  if (host === '*') return host;
  if (/[?#]/.test(host)) return refuse('a query or fragment cannot be routed by');
  if (host.includes('@')) return refuse('a host has no user name');
  if (host.startsWith('[')) return refuse('a host is a name or an IPv4 address');
  if (host.includes(':')) return refuse('a port cannot be routed by: leave it out');
  const wildcard = host.startsWith('*.');
  const name = wildcard ? host.slice(2) : host;
  if (name.includes('*')) return refuse('a "*" in a host can only be its whole first label');
  // The conversion decodes "%41", drops tabs and cuts off from a "\" on: those must not reach it.
  const ascii = HOST_CHARACTERS.test(name) ? domainToASCII(name).replace(/\.$/, '') : '';
  if (ascii === '' || !ascii.split('.').every((label) => LABEL.test(label))) {
    return refuse('the host is not a host name');
  }
  if (wildcard && /^[\d.]+$/.test(ascii)) return refuse('an address has no subdomains');
  const result = wildcard ? `*.${ascii}` : ascii;
  return result.length > MAX_HOST_LENGTH ? refuse('the host is too long') : result;
}

function parsePath(path: string, refuse: Refuse): string {
  if (/[?#]/.test(path)) return refuse('a query or fragment cannot be routed by');
  const normal = normalizePath(path);
  if (!PATH_CHARACTERS.test(normal)) {
    return refuse('the path has characters that paths of URLs do not have');
  }
  if (normal.length > MAX_PATH_LENGTH) return refuse('the path is too long');
  const segments = normal.slice(1).split('/');
  const last = segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    if (segment === '.' || segment === '..') return refuse('"." and ".." cannot be in a path');
    if (segment === '' && index < last) return refuse('the path has an empty segment');
    if (segment.includes('*') && (index < last || segment !== '*')) {
      return refuse('a "*" in a path can only be its whole last segment');
    }
  }
  return normal;
}

/** Percent-encodes what is not ASCII, writes escapes in capitals and undoes needless ones (RFC 3986 6.2.2). */
function normalizePath(path: string): string {
  const ascii = path
    .toWellFormed()
    .replaceAll(/[^\0-\x7F]+/g, (characters) => encodeURIComponent(characters));
  return ascii.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escape.toUpperCase();
  });
}
