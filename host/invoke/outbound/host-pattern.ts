/**
 * One `--allow-host` pattern: text → what it allows.
 *
 * `[scheme://]host[:port]`, where host is a name, `*.name` (below it, not itself), an IP address, a
 * range `10.0.0.0/8`, or `*`. What is not written is not restricted. IPv6 with a port stands in
 * brackets: `[fd00::]/8:80`.
 */
import type { BlockList } from 'node:net';
import { isIP } from 'node:net';
import { HostError } from '../../base/errors.ts';
import { buildBlockList, plainAddress } from './ip-address.ts';
import { hostOf } from './target.ts';

/** The hosts of a pattern. */
export type PatternHost =
  | { readonly kind: 'any' }
  | { readonly kind: 'name'; readonly name: string }
  /** `suffix` starts with a dot. */
  | { readonly kind: 'below'; readonly suffix: string }
  | { readonly kind: 'range'; readonly range: BlockList };

/** A pattern that was read. */
export interface HostPattern {
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: PatternHost;
  readonly port: number | undefined;
}

const SHAPE =
  /^(?:(?<scheme>https?):\/\/)?(?:\[(?<ip6>[0-9a-f:.]+)\](?<bits6>\/\d+)?|(?<host>[^:/\s[\]]+)(?<bits4>\/\d+)?)(?::(?<port>\d+|\*))?$/i;
const BARE_IPV6 = /^(?<ip6>[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*)(?<bits6>\/\d+)?$/i;

/**
 * Reads a pattern.
 *
 * @throws {invalid_allowed_host} If it is none of the forms above.
 */
export function parseHostPattern(text: string): HostPattern {
  const parts = (BARE_IPV6.exec(text) ?? SHAPE.exec(text))?.groups;
  if (parts === undefined) throw refuse(text);
  const host = parseHost(parts['ip6'] ?? parts['host'] ?? '', parts['bits6'] ?? parts['bits4']);
  const port = parsePort(parts['port']);
  if (host === undefined || port === 'invalid') throw refuse(text);
  return { scheme: schemeOf(parts['scheme']), host, port };
}

function schemeOf(text: string | undefined): 'http' | 'https' | undefined {
  if (text === undefined) return undefined;
  return text.toLowerCase() === 'https' ? 'https' : 'http';
}

function parsePort(text: string | undefined): number | undefined | 'invalid' {
  if (text === undefined || text === '*') return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : 'invalid';
}

function parseHost(text: string, bits: string | undefined): PatternHost | undefined {
  if (isIP(text) !== 0) return parseRange(text, bits);
  if (bits !== undefined) return undefined;
  if (text === '*') return { kind: 'any' };
  const below = text.startsWith('*.');
  const name = canonicalName(below ? text.slice(2) : text);
  if (name === undefined) return undefined;
  return below ? { kind: 'below', suffix: `.${name}` } : { kind: 'name', name };
}

function parseRange(address: string, bits: string | undefined): PatternHost | undefined {
  const widest = isIP(address) === 6 ? 128 : 32;
  const prefix = bits === undefined ? widest : Number(bits.slice(1));
  if (prefix > widest) return undefined;
  // An address that only wraps another stands for that one.
  const plain = prefix === widest ? (plainAddress(address) ?? address) : address;
  const plainPrefix = plain === address ? prefix : 32;
  return { kind: 'range', range: buildBlockList([`${plain}/${plainPrefix}`]) };
}

/** The ASCII form of a DNS name. Names that mean an address, like `127.1`, must be written as one. */
function canonicalName(text: string): string | undefined {
  const url = URL.parse(`http://${text}/`);
  if (url === null || url.pathname !== '/' || url.username !== '' || url.search !== '') {
    return undefined;
  }
  const name = hostOf(url);
  const isName = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}$/.test(name);
  return isName && isIP(name) === 0 && name.length <= 253 ? name : undefined;
}

function refuse(text: string): HostError {
  return new HostError('invalid_allowed_host', { value: text.slice(0, 300) });
}
