/**
 * Guards an admin API that listens on loopback against DNS rebinding: a web page whose name suddenly
 * resolves to 127.0.0.1 could otherwise talk to it as its own site. Its requests carry its own name.
 */
import { HostError } from '../base/errors.ts';

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Whether an address or name means this machine only. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^::ffff:/i, '');
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

/**
 * Makes the check for one server.
 *
 * @param listenHost Where the server listens. If that is not loopback, every name may lead to it; undefined for a
 *   UNIX socket, which no web page reaches by any name.
 * @returns Throws `bad_host_header` for a header that names another host.
 */
export function createHostHeaderCheck(
  listenHost: string | undefined,
): (hostHeader: string | undefined) => void {
  if (listenHost === undefined || !isLoopback(listenHost)) return () => undefined;
  const known = new Set([...LOOPBACK_NAMES, listenHost.toLowerCase()]);
  return (hostHeader) => {
    const name = (hostHeader ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
    if (known.has(name)) return;
    throw new HostError('bad_host_header', { value: (hostHeader ?? '').slice(0, 100) });
  };
}
