/** `wasi:cli/terminal-input`: the type of a terminal. No stream of a function is one, so no guest ever holds it. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';

/** The resource `terminal-input`: it has no methods. */
export class TerminalInput {}

/** The interface `wasi:cli/terminal-input`. */
export const wasiCliTerminalInput: HostInterface = {
  name: 'wasi:cli/terminal-input',
  versions: WASI_0_2,
  functions: {},
  resources: { 'terminal-input': TerminalInput },
  blocking: [],
};
