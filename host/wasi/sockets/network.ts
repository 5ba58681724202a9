/** `wasi:sockets/network`: the type of a network, which for functions leads nowhere. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';

/** The resource `network`: it has no methods. */
export class Network {}

/** The interface `wasi:sockets/network`. */
export const wasiSocketsNetwork: HostInterface = {
  name: 'wasi:sockets/network',
  versions: WASI_0_2,
  // No stream of a guest comes from a socket, so no error does.
  functions: { 'network-error-code': (): undefined => undefined },
  resources: { network: Network },
  blocking: [],
};
