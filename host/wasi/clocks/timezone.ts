/** `wasi:clocks/timezone` (unstable in WASI 0.2): functions live in UTC, wherever the host stands. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';

/** The record `timezone-display`. */
interface TimezoneDisplay {
  /** Seconds east of UTC. */
  readonly utcOffset: number;
  readonly name: string;
  readonly inDaylightSavingTime: boolean;
}

/** The interface `wasi:clocks/timezone`. */
export const wasiClocksTimezone: HostInterface = {
  name: 'wasi:clocks/timezone',
  versions: WASI_0_2,
  functions: {
    display: (): TimezoneDisplay => ({ utcOffset: 0, name: 'UTC', inDaylightSavingTime: false }),
    'utc-offset': (): number => 0,
  },
  resources: {},
  blocking: [],
};
