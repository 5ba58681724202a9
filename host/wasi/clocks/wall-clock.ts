/** `wasi:clocks/wall-clock`: the time of day. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { datetimeOf, type Datetime } from './datetime.ts';

/** The interface `wasi:clocks/wall-clock`. */
export const wasiClocksWallClock: HostInterface = {
  name: 'wasi:clocks/wall-clock',
  versions: WASI_0_2,
  functions: {
    now: (guest: Guest): Datetime => datetimeOf(guest.wallMs()),
    resolution: (): Datetime => ({ seconds: 0n, nanoseconds: 1_000_000 }),
  },
  resources: {},
  blocking: [],
};
