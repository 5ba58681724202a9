/** Where a request goes, in the one form that grants are checked against and connections are made with. */
import { isIP } from 'node:net';

/** Scheme, host and port of a request. */
export interface Target {
  readonly scheme: 'http' | 'https';
  /** Lower case, without brackets and trailing dot; addresses in canonical form. */
  readonly host: string;
  readonly port: number;
  /** `https://example.com:8443`. */
  readonly origin: string;
}

/**
 * Reads an authority. All ways to write a host end in one: `0x7f.1` and `127.1` are `127.0.0.1`, and
 * names are in their ASCII form.
 *
 * @returns Undefined if it is no host with an optional port.
 */
export function readTarget(scheme: 'http' | 'https', authority: string): Target | undefined {
  const url = URL.parse(`${scheme}://${authority}/`);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return undefined;
  if (url.port === '0') return undefined;
  const host = hostOf(url);
  if (host === '') return undefined;
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  const written = isIP(host) === 6 ? `[${host}]` : host;
  return { scheme, host, port, origin: `${scheme}://${written}:${port}` };
}

/** The host of a URL as `Target` has it. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
