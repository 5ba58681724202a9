/**
 * An HTTP request as the environment of a CGI/1.1 program (RFC 3875, section 4.1), with the additions
 * of WAGI: X_FULL_URL and X_MATCHED_ROUTE.
 *
 * The `Proxy` header is never passed on: programs would take HTTP_PROXY for a setting (httpoxy).
 */
import type { IncomingHttpRequest } from '../wasi/ports.ts';

/** What is known besides the request. */
export interface CgiContext {
  readonly functionName: string;
  readonly clientAddress: string;
  /** Path prefix that led to the function, or empty. */
  readonly pathPrefix: string;
}

const utf8 = new TextDecoder();

/** Headers that have a variable of their own or must not reach a program. */
const NOT_AS_HTTP = new Set(['proxy', 'content-length', 'content-type', 'authorization']);

/** Builds the environment. Header fields that occur more than once are joined with `, `. */
export function cgiEnvironment(
  request: IncomingHttpRequest,
  context: CgiContext,
): readonly (readonly [name: string, value: string])[] {
  const queryAt = request.pathWithQuery.indexOf('?');
  const path = queryAt < 0 ? request.pathWithQuery : request.pathWithQuery.slice(0, queryAt);
  const query = queryAt < 0 ? '' : request.pathWithQuery.slice(queryAt + 1);
  const authority = request.authority ?? 'localhost';
  const { host, port } = splitAuthority(authority, request.scheme);
  const variables = new Map<string, string>([
    ['GATEWAY_INTERFACE', 'CGI/1.1'],
    ['SERVER_SOFTWARE', 'wasi-faas'],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['SERVER_NAME', host],
    ['SERVER_PORT', port],
    ['REQUEST_METHOD', request.method],
    ['SCRIPT_NAME', context.pathPrefix],
    ['PATH_INFO', decodePath(path)],
    ['PATH_TRANSLATED', decodePath(path)],
    ['QUERY_STRING', query],
    ['REMOTE_ADDR', context.clientAddress],
    ['REMOTE_HOST', context.clientAddress],
    ['X_FULL_URL', `${request.scheme}://${authority}${context.pathPrefix}${request.pathWithQuery}`],
    ['X_MATCHED_ROUTE', context.pathPrefix === '' ? '/...' : `${context.pathPrefix}/...`],
    ['X_RAW_PATH_INFO', path],
  ]);
  for (const [name, value] of request.headers)
    addHeader(variables, name.toLowerCase(), utf8.decode(value));
  return [...variables];
}

/** The arguments WAGI gives: the program's name, then the parts of a query without `=`. */
export function cgiArguments(
  request: IncomingHttpRequest,
  functionName: string,
): readonly string[] {
  const queryAt = request.pathWithQuery.indexOf('?');
  if (queryAt < 0) return [functionName];
  // RFC 3875, section 4.4: an indexed query, words separated by "+".
  const query = request.pathWithQuery.slice(queryAt + 1);
  if (query === '' || query.includes('=')) return [functionName];
  return [functionName, ...query.split('+').map(decodePath)];
}

function addHeader(variables: Map<string, string>, name: string, value: string): void {
  if (name === 'content-length') variables.set('CONTENT_LENGTH', value);
  if (name === 'content-type') variables.set('CONTENT_TYPE', value);
  if (name === 'authorization') variables.set('AUTH_TYPE', value.split(' ', 1)[0] ?? '');
  if (NOT_AS_HTTP.has(name) || !/^[a-z0-9-]+$/.test(name)) return;
  const variable = `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;
  const before = variables.get(variable);
  variables.set(variable, before === undefined ? value : `${before}, ${value}`);
}

function splitAuthority(authority: string, scheme: string): { host: string; port: string } {
  const match = /^(.*?)(?::(\d+))?$/.exec(authority);
  const defaultPort = scheme === 'https' ? '443' : '80';
  return { host: match?.[1] ?? authority, port: match?.[2] ?? defaultPort };
}

/** Percent-decoded text; as it is where it cannot be decoded, and never with a NUL. */
function decodePath(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll('\0', '');
  } catch {
    return text;
  }
}
