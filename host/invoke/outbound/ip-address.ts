/**
 * IP addresses as the outgoing client judges them: in one form, and public or not.
 *
 * "Not public" is everything that leads to the machine, its network or its cloud's control plane, and
 * every form that only wraps such an address. IANA's special-purpose registries are the source.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { BlockList, isIP } from 'node:net';

const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8', // "this network", reaches the machine itself
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; Alibaba's metadata service
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's platform service
  '169.254.0.0/16', // link-local; most clouds' metadata service
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments; Oracle's metadata service
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved and broadcast
];
const NOT_PUBLIC_IPV6 = [
  '::/96', // unspecified, loopback, IPv4-compatible
  '64:ff9b:1::/48', // local NAT64
  '100::/64', // discard
  '2001::/23', // protocol assignments, Teredo
  '2001:db8::/32',
  '2002::/16', // 6to4 wraps any IPv4 address
  '3fff::/20',
  '5f00::/16',
  'fc00::/7', // unique local; EC2's metadata service
  'fe80::/10', // link-local
  'fec0::/10', // once site-local
  'ff00::/8', // multicast
];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

const notPublic = buildBlockList([...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6]);
const loopback = buildBlockList(LOOPBACK);

/**
 * Brings an address to the form that is judged: without zone, and as IPv4 if it only wraps one (mapped
 * `::ffff:0:0/96` or NAT64 `64:ff9b::/96`).
 *
 * @returns Undefined if the text is no address.
 */
export function plainAddress(text: string): string | undefined {
  const [address = ''] = text.split('%');
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : undefined;
  const groups = ipv6Groups(address);
  const prefix = groups.slice(0, 6).join(':');
  if (prefix !== '0:0:0:0:0:65535' && prefix !== '100:65435:0:0:0:0') return address;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Whether a plain address leads to the public internet. */
export function isPublicAddress(plain: string): boolean {
  return !contains(notPublic, plain);
}

/** Whether a plain address is the machine itself. */
export function isLoopback(plain: string): boolean {
  return contains(loopback, plain);
}

/** Whether a list of ranges holds a plain address. */
export function contains(list: BlockList, plain: string): boolean {
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** Makes a list of ranges written `address/bits`. */
export function buildBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** The eight 16-bit groups of a valid IPv6 address. */
function ipv6Groups(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_whole, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = [], tail = []] = hex
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}
