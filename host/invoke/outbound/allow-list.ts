/**
 * The grant of outgoing HTTP: which hosts a version may reach, and over which addresses.
 *
 * A request passes twice. Before anything else its scheme, host and port must match a pattern. Then
 * each address that would be connected to must be public, unless a pattern names it: an address or
 * range that holds it, or `localhost` for loopback. `*` and names never open private networks, whatever they
 * resolve to.
 */
import { isIP } from 'node:net';
import { parseHostPattern, type HostPattern } from './host-pattern.ts';
import { contains, isLoopback, isPublicAddress, plainAddress } from './ip-address.ts';
import type { Target } from './target.ts';

/** The patterns of one version. */
export class AllowList {
  readonly #patterns: readonly HostPattern[];

  constructor(patterns: readonly HostPattern[]) {
    this.#patterns = patterns;
  }

  /** Whether a request may be tried at all. */
  allowsTarget(target: Target): boolean {
    return this.#patterns.some((pattern) => fits(pattern, target) && namesHost(pattern, target));
  }

  /**
   * Whether a connection for an allowed target may go to this address.
   *
   * @param address What the host is, or what it was resolved to.
   */
  allowsAddress(target: Target, address: string): boolean {
    const plain = plainAddress(address);
    if (plain === undefined) return false;
    if (isPublicAddress(plain)) return true;
    return this.#patterns.some(
      (pattern) => fits(pattern, target) && opensAddress(pattern, target, plain),
    );
  }
}

/**
 * Reads the patterns of a grant.
 *
 * @throws {invalid_allowed_host} Naming the first that cannot be read.
 */
export function parseAllowList(patterns: readonly string[]): AllowList {
  return new AllowList(patterns.map(parseHostPattern));
}

function fits({ scheme, port }: HostPattern, target: Target): boolean {
  return (scheme ?? target.scheme) === target.scheme && (port ?? target.port) === target.port;
}

function namesHost({ host }: HostPattern, target: Target): boolean {
  switch (host.kind) {
    case 'any':
      return true;
    case 'name':
      return host.name === target.host;
    case 'below':
      return target.host.length > host.suffix.length && target.host.endsWith(host.suffix);
    case 'range': {
      const plain = isIP(target.host) === 0 ? undefined : plainAddress(target.host);
      return plain !== undefined && contains(host.range, plain);
    }
    default:
      return false;
  }
}

function opensAddress({ host }: HostPattern, target: Target, plain: string): boolean {
  if (host.kind === 'range') return contains(host.range, plain);
  const isLocalhost = host.kind === 'name' && host.name === 'localhost';
  return isLocalhost && target.host === 'localhost' && isLoopback(plain);
}
