/** Whose forwarded headers count: addresses and CIDR ranges of `trustedProxies`, compiled once. */
import { BlockList, isIP } from 'node:net';
import { HostError } from '../base/errors.ts';

const MAPPED_PREFIX = '::ffff:';

/** The proxies that are believed. */
export class ProxyTrust {
  readonly #ranges = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * @param ranges `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
   * @throws {invalid_setting} If one is neither an address nor a range.
   */
  constructor(ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0;
    for (const range of ranges) this.#add(range);
  }

  /**
   * Whether the address is that of a trusted proxy.
   *
   * @param address As `plainAddress` gives it; anything else is not trusted.
   */
  includes(address: string): boolean {
    if (this.#isEmpty) return false;
    const family = isIP(address);
    return family !== 0 && this.#ranges.check(address, family === 4 ? 'ipv4' : 'ipv6');
  }

  #add(range: string): void {
    const [address = '', prefixText, ...rest] = range.split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const prefix = prefixText === undefined ? bits : Number(prefixText);
    const isReadable = prefixText === undefined || /^\d{1,3}$/.test(prefixText);
    if (family === 0 || rest.length > 0 || !isReadable || prefix > bits) {
      throw new HostError('invalid_setting', {
        key: 'trustedProxies',
        source: 'the configuration',
        given: `"${range.slice(0, 80)}"`,
        expected: 'an IP address or a range like 10.0.0.0/8',
      });
    }
    this.#ranges.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
}

/** An address without the `::ffff:` that a socket for both families puts before IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes('.')
    ? address.slice(MAPPED_PREFIX.length)
    : address;
}
