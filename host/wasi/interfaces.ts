/** Every interface that guests may import: what is not in this list does not link. */
import type { HostInterface } from '../component/host-interface.ts';
import { wasiCliEnvironment } from './cli/environment.ts';
import { wasiCliExit } from './cli/exit.ts';
import { wasiCliStderr } from './cli/stderr.ts';
import { wasiCliStdin } from './cli/stdin.ts';
import { wasiCliStdout } from './cli/stdout.ts';
import { wasiCliTerminalInput } from './cli/terminal-input.ts';
import { wasiCliTerminalOutput } from './cli/terminal-output.ts';
import { wasiCliTerminalStderr } from './cli/terminal-stderr.ts';
import { wasiCliTerminalStdin } from './cli/terminal-stdin.ts';
import { wasiCliTerminalStdout } from './cli/terminal-stdout.ts';
import { wasiClocksMonotonicClock } from './clocks/monotonic-clock.ts';
import { wasiClocksTimezone } from './clocks/timezone.ts';
import { wasiClocksWallClock } from './clocks/wall-clock.ts';
import { configInterfaces } from './config/store.ts';
import { faasRuntimeUsage } from './faas/usage.ts';
import { wasiFilesystemPreopens } from './filesystem/preopens.ts';
import { wasiFilesystemTypes } from './filesystem/types.ts';
import { httpInterfaces } from './http/interfaces.ts';
import { wasiIoError } from './io/error.ts';
import { wasiIoPoll } from './io/poll.ts';
import { wasiIoStreams } from './io/streams.ts';
import { keyvalueInterfaces } from './keyvalue/interfaces.ts';
import { wasiLoggingLogging } from './logging/logging.ts';
import { wasi3Interfaces } from './p3/interfaces.ts';
import { wasiRandomInsecureSeed } from './random/insecure-seed.ts';
import { wasiRandomInsecure } from './random/insecure.ts';
import { wasiRandomRandom } from './random/random.ts';
import { wasiSocketsInstanceNetwork } from './sockets/instance-network.ts';
import { wasiSocketsIpNameLookup } from './sockets/ip-name-lookup.ts';
import { wasiSocketsNetwork } from './sockets/network.ts';
import { wasiSocketsTcpCreateSocket } from './sockets/tcp-create-socket.ts';
import { wasiSocketsTcp } from './sockets/tcp.ts';
import { wasiSocketsUdpCreateSocket } from './sockets/udp-create-socket.ts';
import { wasiSocketsUdp } from './sockets/udp.ts';

/** The interfaces of WASI 0.2, 0.3 and our own, one entry for each (drafts: for each release). Grants decide what they do, never whether they are here. */
export const wasiInterfaces: readonly HostInterface[] = Object.freeze([
  wasiIoError,
  wasiIoPoll,
  wasiIoStreams,
  wasiCliEnvironment,
  wasiCliExit,
  wasiCliStderr,
  wasiCliStdin,
  wasiCliStdout,
  wasiCliTerminalInput,
  wasiCliTerminalOutput,
  wasiCliTerminalStderr,
  wasiCliTerminalStdin,
  wasiCliTerminalStdout,
  wasiClocksMonotonicClock,
  wasiClocksTimezone,
  wasiClocksWallClock,
  wasiRandomInsecureSeed,
  wasiRandomInsecure,
  wasiRandomRandom,
  wasiFilesystemPreopens,
  wasiFilesystemTypes,
  wasiSocketsInstanceNetwork,
  wasiSocketsIpNameLookup,
  wasiSocketsNetwork,
  wasiSocketsTcpCreateSocket,
  wasiSocketsTcp,
  wasiSocketsUdpCreateSocket,
  wasiSocketsUdp,
  ...httpInterfaces,
  faasRuntimeUsage,
  ...keyvalueInterfaces,
  ...configInterfaces,
  wasiLoggingLogging,
  ...wasi3Interfaces,
]);
