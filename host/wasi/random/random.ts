/** `wasi:random/random`: randomness for secrets, from the operating system. */
import { random } from '@bytecodealliance/preview2-shim/random';
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { randomBytesFor } from './random-bytes.ts';

/** The interface `wasi:random/random`. */
export const wasiRandomRandom: HostInterface = {
  name: 'wasi:random/random',
  versions: WASI_0_2,
  functions: {
    'get-random-bytes': randomBytesFor,
    'get-random-u64': (): bigint => random.getRandomU64(),
  },
  resources: {},
  blocking: [],
};
