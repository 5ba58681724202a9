/** `wasi:clocks` 0.3: time that never goes back and functions that return when it has come, and the time of day. */
import type { CancellablePromise } from '../../component/byte-stream.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import { datetimeOf, type Datetime } from '../clocks/datetime.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_3 } from '../releases.ts';

const NS_PER_MS = 1_000_000n;
/** Longest delay of one timer, that of `Clock.after`; what is later takes several. */
const LONGEST_TIMER_MS = 2_147_483_647n;

const duration = { name: 'wasi:clocks/types', versions: WASI_0_3, functions: {}, resources: {} };

/** The interfaces of `wasi:clocks`. */
export const clockInterfaces3: readonly HostInterface[] = [
  { ...duration, blocking: [] },
  {
    name: 'wasi:clocks/monotonic-clock',
    versions: WASI_0_3,
    functions: {
      now: (guest: Guest): bigint => guest.monotonicNs(),
      'get-resolution': (): bigint => 1n,
      'wait-until': waitUntil,
      // The sum may pass 2^64: that is an instant never reached.
      'wait-for': (guest: Guest, durationNs: bigint): CancellablePromise<void> =>
        waitUntil(guest, guest.monotonicNs() + durationNs),
    },
    resources: {},
    blocking: ['wait-until', 'wait-for'],
  },
  {
    name: 'wasi:clocks/system-clock',
    versions: WASI_0_3,
    functions: {
      now: (guest: Guest): Datetime => datetimeOf(guest.wallMs()),
      'get-resolution': (): bigint => 1_000_000n,
    },
    resources: {},
    blocking: [],
  },
];

/** One timer at a time, however far away the instant is. */
function waitUntil(guest: Guest, instantNs: bigint): CancellablePromise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let cancel = (): void => {};
  const wait = (): void => {
    const leftMs = (instantNs - guest.monotonicNs() + NS_PER_MS - 1n) / NS_PER_MS;
    if (leftMs <= 0n) return resolve();
    const delayMs = leftMs < LONGEST_TIMER_MS ? leftMs : LONGEST_TIMER_MS;
    cancel = guest.after(Number(delayMs), wait);
    return undefined;
  };
  wait();
  return Object.assign(guest.suspend(promise), { cancel: () => cancel() });
}
