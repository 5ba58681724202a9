/** `wasi:sockets/tcp-create-socket`: denied. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { deny } from './deny.ts';

/** The interface `wasi:sockets/tcp-create-socket`. */
export const wasiSocketsTcpCreateSocket: HostInterface = {
  name: 'wasi:sockets/tcp-create-socket',
  versions: WASI_0_2,
  functions: { 'create-tcp-socket': deny },
  resources: {},
  blocking: [],
};
