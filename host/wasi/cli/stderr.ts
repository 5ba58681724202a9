/** `wasi:cli/stderr`: the guest's standard error output as a stream. */
import type { HostInterface } from '../../component/host-interface.ts';
import { OutputStream } from '../io/output-stream.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { CurrentSink } from './current-sink.ts';

/** The interface `wasi:cli/stderr`. */
export const wasiCliStderr: HostInterface = {
  name: 'wasi:cli/stderr',
  versions: WASI_0_2,
  functions: { 'get-stderr': getStderr },
  resources: {},
  blocking: [],
};

function getStderr(guest: Guest): OutputStream {
  const sink = new CurrentSink(() => guest.stderr);
  return new OutputStream(guest, sink, undefined, (other) => getStderr(other as Guest));
}
