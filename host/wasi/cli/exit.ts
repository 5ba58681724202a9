/** `wasi:cli/exit`: a guest ends itself. The function's process is the host's, so only the instance ends. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

/** The interface `wasi:cli/exit`. */
export const wasiCliExit: HostInterface = {
  name: 'wasi:cli/exit',
  versions: WASI_0_2,
  functions: {
    exit: (guest: Guest, status: { readonly tag: 'ok' | 'err' }): never =>
      guest.end({ kind: 'exit', exitCode: status.tag === 'ok' ? 0 : 1 }),
    'exit-with-code': (guest: Guest, exitCode: number): never =>
      guest.end({ kind: 'exit', exitCode }),
  },
  resources: {},
  blocking: [],
};
