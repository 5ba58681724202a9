/** `wasi:clocks/monotonic-clock`: time that never goes back, and pollables that become ready in time. */
import type { HostInterface } from '../../component/host-interface.ts';
import { Pollable } from '../io/pollable.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

const NS_PER_MS = 1_000_000n;
/** Longest delay of one timer, that of `Clock.after`; what is later takes several. */
const LONGEST_TIMER_MS = 2_147_483_647n;

/** The interface `wasi:clocks/monotonic-clock`. */
export const wasiClocksMonotonicClock: HostInterface = {
  name: 'wasi:clocks/monotonic-clock',
  versions: WASI_0_2,
  functions: {
    now: (guest: Guest): bigint => guest.monotonicNs(),
    resolution: (): bigint => 1n,
    'subscribe-instant': subscribeInstant,
    // The sum may pass 2^64: that is an instant never reached.
    'subscribe-duration': (guest: Guest, durationNs: bigint): Pollable =>
      subscribeInstant(guest, guest.monotonicNs() + durationNs),
  },
  resources: {},
  blocking: [],
};

function subscribeInstant(guest: Guest, instantNs: bigint): Pollable {
  let cancel = (): void => {};
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      const leftMs = (instantNs - guest.monotonicNs() + NS_PER_MS - 1n) / NS_PER_MS;
      const delayMs = leftMs < LONGEST_TIMER_MS ? leftMs : LONGEST_TIMER_MS;
      cancel = guest.after(Number(delayMs), resolve);
    });
  return new Pollable(
    guest,
    () => guest.monotonicNs() >= instantNs,
    wait,
    () => cancel(),
  );
}
