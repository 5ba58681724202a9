/**
 * The guest that a component is instantiated for at deploy, to prove that it links: it has nothing, is
 * granted nothing, and what it writes is dropped.
 */
import { systemClock } from '../base/clock.ts';
import { GuestState } from '../wasi/guest-state.ts';
import { BufferSource } from '../wasi/memory-bytes.ts';
import { HttpFailure, type ByteSink } from '../wasi/ports.ts';

/** Makes it. */
export function createTrialGuest(): GuestState {
  return new GuestState(systemClock, {
    arguments: [],
    environment: [],
    stdin: new BufferSource(new Uint8Array(0)),
    stdout: DROPPED,
    stderr: DROPPED,
    preopens: [],
    outgoingHttp: {
      send: () => {
        throw new HttpFailure({ tag: 'HTTP-request-denied' });
      },
    },
  });
}

const DROPPED: ByteSink = Object.freeze({
  capacity: 65_536,
  pending: 0,
  failure: undefined,
  write: () => {},
  ready: () => Promise.resolve(),
  flushed: () => Promise.resolve(),
});
