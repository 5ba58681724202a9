/** `wasi:sockets/udp-create-socket`: denied. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { deny } from './deny.ts';

/** The interface `wasi:sockets/udp-create-socket`. */
export const wasiSocketsUdpCreateSocket: HostInterface = {
  name: 'wasi:sockets/udp-create-socket',
  versions: WASI_0_2,
  functions: { 'create-udp-socket': deny },
  resources: {},
  blocking: [],
};
