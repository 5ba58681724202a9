/** `wasi:cli/terminal-output`: the type of a terminal. No stream of a function is one, so no guest ever holds it. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';

/** The resource `terminal-output`: it has no methods. */
export class TerminalOutput {}

/** The interface `wasi:cli/terminal-output`. */
export const wasiCliTerminalOutput: HostInterface = {
  name: 'wasi:cli/terminal-output',
  versions: WASI_0_2,
  functions: {},
  resources: { 'terminal-output': TerminalOutput },
  blocking: [],
};
