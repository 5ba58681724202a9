/** `wasi:cli/stdout`: the guest's standard output as a stream. */
import type { HostInterface } from '../../component/host-interface.ts';
import { OutputStream } from '../io/output-stream.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

/** The interface `wasi:cli/stdout`. */
export const wasiCliStdout: HostInterface = {
  name: 'wasi:cli/stdout',
  versions: WASI_0_2,
  functions: {
    'get-stdout': (guest: Guest): OutputStream => new OutputStream(guest, guest.stdout),
  },
  resources: {},
  blocking: [],
};
