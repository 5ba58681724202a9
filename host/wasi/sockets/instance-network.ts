/** `wasi:sockets/instance-network`: the handle of a network on which everything is denied. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { Network } from './network.ts';

/** The interface `wasi:sockets/instance-network`. */
export const wasiSocketsInstanceNetwork: HostInterface = {
  name: 'wasi:sockets/instance-network',
  versions: WASI_0_2,
  functions: { 'instance-network': (guest: Guest): Network => new Network(guest) },
  resources: {},
  blocking: [],
};
