/** `wasi:sockets/network`: the type of a network, which for functions leads nowhere. */
import type { HostInterface } from '../../component/host-interface.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

/** The resource `network`: it has no methods. */
export class Network {
  #refund: (() => void) | undefined;

  constructor(guest: Guest) {
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  [Symbol.dispose](): void {
    this.#refund?.();
    this.#refund = undefined;
  }
}

/** The interface `wasi:sockets/network`. */
export const wasiSocketsNetwork: HostInterface = {
  name: 'wasi:sockets/network',
  versions: WASI_0_2,
  // No stream of a guest comes from a socket, so no error does.
  functions: { 'network-error-code': (): undefined => undefined },
  resources: { network: Network },
  blocking: [],
};
