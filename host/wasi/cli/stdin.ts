/** `wasi:cli/stdin`: the guest's standard input as a stream. */
import type { HostInterface } from '../../component/host-interface.ts';
import { InputStream } from '../io/input-stream.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';

/** The interface `wasi:cli/stdin`. */
export const wasiCliStdin: HostInterface = {
  name: 'wasi:cli/stdin',
  versions: WASI_0_2,
  functions: { 'get-stdin': getStdin },
  resources: {},
  blocking: [],
};

/** Each call gives a new stream over the input of whoever is served now; dropping one leaves the input open for the next. */
function getStdin(guest: Guest): InputStream {
  return new InputStream(guest, ({ stdin }) => stdin);
}
