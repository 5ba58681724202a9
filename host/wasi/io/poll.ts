/** `wasi:io/poll`: waiting for one of several things. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { Pollable } from './pollable.ts';

/** Every poll looks at every pollable, so a longer list would only be a way to burn the host's time. */
const POLLABLES_LIMIT = 10_000;

/** The interface `wasi:io/poll`. */
export const wasiIoPoll: HostInterface = {
  name: 'wasi:io/poll',
  versions: WASI_0_2,
  functions: { poll },
  resources: { pollable: Pollable },
  blocking: ['poll', '[method]pollable.block'],
};

function poll(guest: Guest, pollables: readonly Pollable[]): Uint32Array | Promise<Uint32Array> {
  if (pollables.length === 0) {
    return guest.end({ kind: 'rule', rule: 'wasi:io/poll poll() was given an empty list' });
  }
  if (pollables.length > POLLABLES_LIMIT) {
    const rule = `wasi:io/poll poll() was given ${pollables.length} pollables; at most ${POLLABLES_LIMIT} are possible`;
    return guest.end({ kind: 'rule', rule });
  }
  return Pollable.pollAny(guest, pollables);
}
