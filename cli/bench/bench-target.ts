/** URL of a function, path and flags → where load goes, and the bytes of the request, made once and sent many times. */
import { HostError } from '../../host/base/errors.ts';
import type { LoadTarget } from './load-connection.ts';

/** What is sent. */
export interface BenchRequest {
  readonly method: string;
  /** Path and query below the function's URL. */
  readonly path: string;
  /** `name: value`. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** Where it goes. */
export interface BenchTarget {
  readonly target: LoadTarget;
  /** As people read it. */
  readonly url: string;
  /** The request over the wire. */
  readonly request: Uint8Array;
}

/** Fields that say how the message is framed: they are the loader's. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade']);
const ANY_ADDRESS = new Set(['0.0.0.0', '[::]']);

/**
 * Finds the URL by which this machine reaches a function.
 *
 * @param functionUrl As the host names it: an address that means any is that of the admin API.
 * @param adminUrl Base URL of the admin API, or `unix:` and a path.
 */
export function reachableUrl(functionUrl: string, adminUrl: string): URL {
  const url = new URL(functionUrl);
  if (!ANY_ADDRESS.has(url.hostname)) return url;
  url.hostname = adminUrl.startsWith('unix:') ? '127.0.0.1' : new URL(adminUrl).hostname;
  return url;
}

/**
 * Builds the request.
 *
 * @param base URL of the function.
 * @param isInsecure Whether any certificate is good enough.
 * @throws {invalid_flag} If path, method or a header field cannot be sent.
 */
export function buildTarget(base: URL, request: BenchRequest, isInsecure: boolean): BenchTarget {
  const { method, headers, body } = request;
  const suffix = request.path.startsWith('/') ? request.path : `/${request.path}`;
  if (!/^[\x21-\x7e]+$/.test(suffix) || suffix.includes('#')) {
    throw refuse('PATH', suffix, 'it has blanks or other characters that a URL encodes');
  }
  if (!/^[A-Z]{1,20}$/.test(method) || method === 'HEAD' || method === 'CONNECT') {
    throw refuse('--method', method, 'the load cannot be made of such requests');
  }
  for (const field of headers) checkField(field);
  const path = base.pathname.replace(/\/$/, '') + suffix;
  const hasHost = headers.some((field) => /^host:/i.test(field));
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...(hasHost ? [] : [`host: ${base.host}`]),
    ...headers,
    ...(body.length > 0 || method === 'POST' ? [`content-length: ${body.length}`] : []),
  ];
  const isTls = base.protocol === 'https:';
  const port = Number(base.port) || (isTls ? 443 : 80);
  return {
    target: {
      host: base.hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      ...(isTls ? { tls: { isVerified: !isInsecure } } : {}),
    },
    url: base.origin + path,
    request: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]),
  };
}

function checkField(field: string): void {
  const name = field.slice(0, field.indexOf(':')).toLowerCase();
  if (FRAMING.has(name)) throw refuse('--header', field, 'the loader sets this field itself');
}

function refuse(flag: string, value: string, reason: string): HostError {
  const fix = 'See "faas bench --help"';
  return new HostError('invalid_flag', { flag, value: value.slice(0, 100), reason, fix });
}
