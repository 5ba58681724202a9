/** An address to listen on → a bound socket that can be handed to other processes. */
import { lookup } from 'node:dns/promises';
import { BoundSocket, isIP } from 'node:net';
import { parseListenAddress } from '../config/listen-address.ts';
import { toListenError } from '../config/listen-error.ts';

/**
 * Binds a socket without listening on it.
 *
 * @param listen `listen` of the configuration.
 * @throws {listen_failed} If the address cannot be had.
 */
export async function bindSocket(listen: string): Promise<BoundSocket> {
  const { host, port } = parseListenAddress(listen, 'listen');
  try {
    const address = isIP(host) === 0 ? (await lookup(host)).address : host;
    return new BoundSocket({ host: address, port });
  } catch (error) {
    throw toListenError(error, 'listen', listen);
  }
}
