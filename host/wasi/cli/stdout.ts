/** `wasi:cli/stdout`: the guest's standard output as a stream. */
import type { HostInterface } from '../../component/host-interface.ts';
import { OutputStream } from '../io/output-stream.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { CurrentSink } from './current-sink.ts';

/** The interface `wasi:cli/stdout`. */
export const wasiCliStdout: HostInterface = {
  name: 'wasi:cli/stdout',
  versions: WASI_0_2,
  functions: { 'get-stdout': getStdout },
  resources: {},
  blocking: [],
};

function getStdout(guest: Guest): OutputStream {
  const sink = new CurrentSink(() => guest.stdout);
  return new OutputStream(guest, sink, undefined, (other) => getStdout(other as Guest));
}
