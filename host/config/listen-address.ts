/**
 * Text of an address to listen on ↔ host and port (`127.0.0.1:8080`, `[::1]:0`, `localhost:8080`), or, for the admin
 * API, the path of a UNIX socket (`unix:/run/wasi-faas/admin.sock`).
 */
import { resolve } from 'node:path';
import { HostError } from '../base/errors.ts';

/** Where a server listens. */
export interface ListenAddress {
  /** Address or name, an IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 takes a free one. */
  readonly port: number;
}

/** A UNIX socket. */
export interface SocketAddress {
  /** Absolute. */
  readonly path: string;
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

/**
 * Reads the address of the admin API: host and port, or a socket.
 *
 * @param dataDir What a relative path of a socket is relative to.
 * @throws {invalid_listen_address} If it is neither.
 */
export function parseAdminAddress(text: string, dataDir: string): ListenAddress | SocketAddress {
  return parseSocketAddress(text, dataDir) ?? parseListenAddress(text, 'admin');
}

/**
 * Reads `unix:` and a path.
 *
 * @param dataDir What a relative path is relative to.
 * @returns Undefined if it is something else, or the path is empty or has control characters.
 */
export function parseSocketAddress(text: string, dataDir: string): SocketAddress | undefined {
  // oxlint-disable-next-line no-control-regex -- they would break the line that says where the host listens
  const path = /^unix:([^\x00-\x1f\x7f]+)$/.exec(text)?.[1];
  return path === undefined ? undefined : { path: resolve(dataDir, path) };
}

/** Writes the base URL of a server: `http://127.0.0.1:8080`; of a socket `unix:/run/wasi-faas/admin.sock`. */
export function formatBaseUrl(
  address: ListenAddress | SocketAddress,
  scheme: 'http' | 'https' = 'http',
): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${scheme}://${host}:${address.port}`;
}
