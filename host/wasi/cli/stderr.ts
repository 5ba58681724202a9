/** `wasi:cli/stderr`: the guest's standard error output as a stream. */
import type { HostInterface } from '../../component/host-interface.ts';
import { OutputStream } from '../io/output-stream.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

/** The interface `wasi:cli/stderr`. */
export const wasiCliStderr: HostInterface = {
  name: 'wasi:cli/stderr',
  versions: WASI_0_2,
  functions: {
    'get-stderr': (guest: Guest): OutputStream => new OutputStream(guest, guest.stderr),
  },
  resources: {},
  blocking: [],
};
