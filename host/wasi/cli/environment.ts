/** `wasi:cli/environment`: what a guest was given as variables and arguments; nothing of the host's own. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

/** The interface `wasi:cli/environment`. */
export const wasiCliEnvironment: HostInterface = {
  name: 'wasi:cli/environment',
  versions: WASI_0_2,
  functions: {
    'get-environment': (guest: Guest): [string, string][] =>
      guest.environment.map(([name, value]) => [name, value]),
    'get-arguments': (guest: Guest): string[] => [...guest.arguments],
    // A guest has the directories it was granted and no current one among them.
    'initial-cwd': (): string | undefined => undefined,
  },
  resources: {},
  blocking: [],
};
