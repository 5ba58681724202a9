/** Who is at the other end of a connection: what all its requests have in common. */
import type { Socket } from 'node:net';
import type { Field } from '../wasi/ports.ts';
import { fieldOf } from './fields.ts';
import { plainAddress, type ProxyTrust } from './proxy-trust.ts';

/** The other end of a connection. */
export interface Peer {
  readonly address: string;
  readonly isTrusted: boolean;
  /** What the connection speaks; a trusted proxy may say otherwise of what it was asked in. */
  readonly scheme: 'http' | 'https';
  /** `x-forwarded-for` with the address alone. */
  readonly field: Field;
}

/** Describes the other end of a socket. */
export function describePeer(socket: Socket, scheme: Peer['scheme'], trust: ProxyTrust): Peer {
  const address = plainAddress(socket.remoteAddress ?? '');
  return {
    address,
    isTrusted: trust.includes(address),
    scheme,
    field: fieldOf('x-forwarded-for', address),
  };
}
