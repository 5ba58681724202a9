/** `wasi:random/insecure`: randomness that need not keep secrets; ours does, as it costs no more. */
import { random } from '@bytecodealliance/preview2-shim/random';
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { randomBytesFor } from './random-bytes.ts';

/** The interface `wasi:random/insecure`. */
export const wasiRandomInsecure: HostInterface = {
  name: 'wasi:random/insecure',
  versions: WASI_0_2,
  functions: {
    'get-insecure-random-bytes': randomBytesFor,
    'get-insecure-random-u64': (): bigint => random.getRandomU64(),
  },
  resources: {},
  blocking: [],
};
