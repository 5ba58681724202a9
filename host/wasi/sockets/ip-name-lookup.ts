/** `wasi:sockets/ip-name-lookup`: denied. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { createDeniedResource } from './denied-resource.ts';
import { deny } from './deny.ts';

/** The resource `resolve-address-stream`. */
export class ResolveAddressStream extends createDeniedResource(['resolveNextAddress']) {}

/** The interface `wasi:sockets/ip-name-lookup`. */
export const wasiSocketsIpNameLookup: HostInterface = {
  name: 'wasi:sockets/ip-name-lookup',
  versions: WASI_0_2,
  functions: { 'resolve-addresses': deny },
  resources: { 'resolve-address-stream': ResolveAddressStream },
  blocking: [],
};
