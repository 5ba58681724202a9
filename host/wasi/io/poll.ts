/** `wasi:io/poll`: waiting for one of several things. */
import type { GuestMemory } from '../../component/abi/guest-memory.ts';
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
  onMemory: ['poll'],
  functionsOnMemory: { poll: pollOnMemory },
};

/** Bytes of a handle in a list, and its alignment. */
const HANDLE_BYTES = 4;
/** What a poll of one pollable gives. Shared: whoever lowers it only reads. */
const FIRST = Uint32Array.of(0);

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

/** `poll` on linear memory: most guests wait for one thing at a time, of which no list is made. */
function pollOnMemory(
  guest: Guest,
  memory: GuestMemory,
  pointer: number,
  length: number,
  resource: number,
): Uint32Array | Promise<Uint32Array> {
  const count = length >>> 0;
  const start = memory.checkList(pointer, count, HANDLE_BYTES, HANDLE_BYTES);
  const at = (index: number): Pollable => {
    const handle = memory.view.getUint32(start + index * HANDLE_BYTES, true);
    return memory.state.get(handle, resource) as Pollable;
  };
  if (count === 1) {
    const waited = at(0).block();
    return waited === undefined ? FIRST : waited.then(() => FIRST);
  }
  return poll(
    guest,
    Array.from({ length: count }, (_, index) => at(index)),
  );
}
