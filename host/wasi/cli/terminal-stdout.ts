/** `wasi:cli/terminal-stdout`: stdout of a function is never a terminal. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import type { TerminalOutput } from './terminal-output.ts';

/** The interface `wasi:cli/terminal-stdout`. */
export const wasiCliTerminalStdout: HostInterface = {
  name: 'wasi:cli/terminal-stdout',
  versions: WASI_0_2,
  functions: { 'get-terminal-stdout': (): TerminalOutput | undefined => undefined },
  resources: {},
  blocking: [],
};
