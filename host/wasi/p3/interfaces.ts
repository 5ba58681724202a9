/**
 * The interfaces of WASI 0.3 that guests import. Files and sockets are not among them: a component may import those of
 * 0.2 beside these, and the standard libraries of today do.
 */
import type { HostInterface } from '../../component/host-interface.ts';
import { cliInterfaces3 } from './cli/environment.ts';
import { wasiCliStderr3, wasiCliStdin3, wasiCliStdout3 } from './cli/streams.ts';
import { clockInterfaces3 } from './clocks.ts';
import { wasiHttpClient } from './http/client.ts';
import { wasiHttpTypes3 } from './http/types.ts';
import { randomInterfaces3 } from './random.ts';

/** All of them. */
export const wasi3Interfaces: readonly HostInterface[] = [
  ...cliInterfaces3,
  wasiCliStdin3,
  wasiCliStdout3,
  wasiCliStderr3,
  ...clockInterfaces3,
  ...randomInterfaces3,
  wasiHttpTypes3,
  wasiHttpClient,
];
