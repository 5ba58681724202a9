/** Text of an address to listen on ↔ host and port: `127.0.0.1:8080`, `[::1]:0`, `localhost:8080`. */
import { HostError } from '../base/errors.ts';

/** Where a server listens. */
export interface ListenAddress {
  /** Address or name, an IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 takes a free one. */
  readonly port: number;
}

/**
 * Reads an address.
 *
 * @param key The setting it is from, for the message.
 * @throws {invalid_listen_address} If it is not host:port.
 */
export function parseListenAddress(text: string, key: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([a-zA-Z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new HostError('invalid_listen_address', { key, value: text.slice(0, 100) });
  }
  return { host, port };
}

/** Writes the base URL of a server: `http://127.0.0.1:8080`. */
export function formatBaseUrl(address: ListenAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `http://${host}:${address.port}`;
}
