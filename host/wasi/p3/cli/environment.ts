/** `wasi:cli` 0.3 `environment`, `exit` and the terminals: those of 0.2 in another release. */
import type { HostInterface } from '../../../component/host-interface.ts';
import { wasiCliEnvironment } from '../../cli/environment.ts';
import { wasiCliExit } from '../../cli/exit.ts';
import { TerminalInput } from '../../cli/terminal-input.ts';
import { TerminalOutput } from '../../cli/terminal-output.ts';
import { WASI_0_3 } from '../../releases.ts';

const noTerminal = (): undefined => undefined;

/** The interfaces of `wasi:cli` that have neither streams nor errors. */
export const cliInterfaces3: readonly HostInterface[] = [
  offer('wasi:cli/environment', {
    'get-environment': functionOf(wasiCliEnvironment, 'get-environment'),
    'get-arguments': functionOf(wasiCliEnvironment, 'get-arguments'),
    'get-initial-cwd': functionOf(wasiCliEnvironment, 'initial-cwd'),
  }),
  offer('wasi:cli/exit', wasiCliExit.functions),
  offer('wasi:cli/types', {}),
  offer('wasi:cli/terminal-input', {}, { 'terminal-input': TerminalInput }),
  offer('wasi:cli/terminal-output', {}, { 'terminal-output': TerminalOutput }),
  offer('wasi:cli/terminal-stdin', { 'get-terminal-stdin': noTerminal }),
  offer('wasi:cli/terminal-stdout', { 'get-terminal-stdout': noTerminal }),
  offer('wasi:cli/terminal-stderr', { 'get-terminal-stderr': noTerminal }),
];

function offer(
  name: string,
  functions: HostInterface['functions'],
  resources: HostInterface['resources'] = {},
): HostInterface {
  return { name, versions: WASI_0_3, functions, resources, blocking: [] };
}

function functionOf(
  { functions }: HostInterface,
  name: string,
): HostInterface['functions'][string] {
  const found = functions[name];
  if (found === undefined) throw new Error(`wasi:cli has no function ${name}`);
  return found;
}
