/** `wasi:logging/logging`: lines with a level and a context for the function's log. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest, LogLevel } from '../ports.ts';

/** The interface `wasi:logging/logging`; components older than its first draft name no version. */
export const wasiLoggingLogging: HostInterface = {
  name: 'wasi:logging/logging',
  versions: { from: '0.1.0-draft', to: '0.1.0-draft' },
  servesUnversioned: true,
  functions: {
    log: (guest: Guest, level: LogLevel, context: string, message: string) =>
      guest.log(level, context, message),
  },
  resources: {},
  blocking: [],
};
