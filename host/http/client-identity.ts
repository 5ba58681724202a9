/**
 * Who the client is, as a user of reverse proxies expects it.
 *
 * The client is the socket's peer. If the peer is a trusted proxy, the list it sent is read from the
 * right, and the first address that is not a trusted proxy is the client; what stands left of it
 * nobody trustworthy has vouched for, and it is dropped. `x-forwarded-for` goes before `forwarded`: most
 * proxies write the first and pass the second on as any client sent it.
 *
 * A function always sees `x-forwarded-for` (the client first, the peer last), `x-forwarded-proto` and
 * `x-forwarded-host`, and `x-forwarded-prefix` where a prefix was removed. From anyone who is not trusted
 * `forwarded`, `x-forwarded-*` and `x-real-ip` are stripped.
 */
import { isIP } from 'node:net';
import type { Peer } from './peer.ts';
import { plainAddress, type ProxyTrust } from './proxy-trust.ts';

/** Proxies in a row that are followed; a longer list is a client's invention. */
const MOST_HOPS = 20;

/** What a trusted proxy said; repeated fields are joined by commas. */
export interface ForwardedClaims {
  readonly forwardedFor: string | undefined;
  readonly forwarded: string | undefined;
  readonly proto: string | undefined;
}

/** Where a request comes from. */
export interface ClientIdentity {
  readonly address: string;
  /** Value of `x-forwarded-for`: the client, then the proxies it came through. */
  readonly forwardedFor: string;
  readonly scheme: 'http' | 'https';
}

/**
 * Finds the client of a request that a trusted proxy sent.
 *
 * @param peer The proxy, and what it speaks with us.
 * @param claims What it said.
 * @param trust Who else is believed.
 */
export function identifyClient(
  peer: Pick<Peer, 'address' | 'scheme'>,
  claims: ForwardedClaims,
  trust: ProxyTrust,
): ClientIdentity {
  const list = claims.forwardedFor ?? claims.forwarded ?? '';
  const elementToAddress = claims.forwardedFor === undefined ? forwardedNodeOf : addressOf;
  const chain = [peer.address];
  let client = peer.address;
  let end = list.length;
  while (end > 0 && chain.length <= MOST_HOPS && trust.includes(client)) {
    const comma = list.lastIndexOf(',', end - 1);
    const address = elementToAddress(list.slice(comma + 1, end));
    // Unknown or obfuscated: the proxy that reported it is as far as we can see.
    if (address === undefined) break;
    chain.unshift(address);
    client = address;
    end = comma;
  }
  return { address: client, forwardedFor: chain.join(', '), scheme: schemeOf(claims, peer.scheme) };
}

/** What the nearest proxy says, or what it speaks itself if it says nothing. */
function schemeOf(claims: ForwardedClaims, spoken: Peer['scheme']): Peer['scheme'] {
  const said = claims.proto ?? parameterOf(lastElement(claims.forwarded ?? ''), 'proto') ?? spoken;
  return lastElement(said).trim().toLowerCase() === 'https' ? 'https' : 'http';
}

/** The address in an element of `forwarded`: `for="[2001:db8::1]:80";proto=https`. */
function forwardedNodeOf(element: string): string | undefined {
  const node = parameterOf(element, 'for');
  return node === undefined ? undefined : addressOf(node);
}

function parameterOf(element: string, name: string): string | undefined {
  for (const pair of element.split(';')) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, equals).trim().toLowerCase() !== name) continue;
    return pair
      .slice(equals + 1)
      .trim()
      .replaceAll('"', '');
  }
  return undefined;
}

/** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]:80` → the address alone. */
function addressOf(text: string): string | undefined {
  let address = text.trim();
  if (address.startsWith('[')) {
    address = address.slice(1, address.indexOf(']'));
  } else {
    const colon = address.indexOf(':');
    if (colon !== -1 && colon === address.lastIndexOf(':')) address = address.slice(0, colon);
  }
  return isIP(address) === 0 ? undefined : plainAddress(address.toLowerCase());
}

function lastElement(list: string): string {
  return list.slice(list.lastIndexOf(',') + 1);
}
