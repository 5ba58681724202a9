/**
 * `wasi:random/insecure-seed`: what a guest seeds its hash maps with.
 *
 * Every call gives a new one. preview2-shim's own gives one seed to the whole process: a function
 * could then learn the seed of another one and flood its hash maps.
 */
import { random } from '@bytecodealliance/preview2-shim/random';
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';

/** The interface `wasi:random/insecure-seed`. */
export const wasiRandomInsecureSeed: HostInterface = {
  name: 'wasi:random/insecure-seed',
  versions: WASI_0_2,
  functions: {
    'insecure-seed': (): [bigint, bigint] => [random.getRandomU64(), random.getRandomU64()],
  },
  resources: {},
  blocking: [],
};
