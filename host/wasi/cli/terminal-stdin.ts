/** `wasi:cli/terminal-stdin`: stdin of a function is never a terminal. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import type { TerminalInput } from './terminal-input.ts';

/** The interface `wasi:cli/terminal-stdin`. */
export const wasiCliTerminalStdin: HostInterface = {
  name: 'wasi:cli/terminal-stdin',
  versions: WASI_0_2,
  functions: { 'get-terminal-stdin': (): TerminalInput | undefined => undefined },
  resources: {},
  blocking: [],
};
