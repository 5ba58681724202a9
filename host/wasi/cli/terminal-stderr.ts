/** `wasi:cli/terminal-stderr`: stderr of a function is never a terminal. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import type { TerminalOutput } from './terminal-output.ts';

/** The interface `wasi:cli/terminal-stderr`. */
export const wasiCliTerminalStderr: HostInterface = {
  name: 'wasi:cli/terminal-stderr',
  versions: WASI_0_2,
  functions: { 'get-terminal-stderr': (): TerminalOutput | undefined => undefined },
  resources: {},
  blocking: [],
};
