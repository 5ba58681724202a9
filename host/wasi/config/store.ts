/**
 * `wasi:config/store`: what the version was configured with. The drafts in use have the same functions under several
 * releases and two names; their error is never given, because nothing is fetched.
 */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';

/** Releases of `wasi:config/store`: wasmCloud's and Wassette's, Spin's, Wasmtime's. */
const STORE_RELEASES = ['0.2.0-draft', '0.2.0-draft-2024-09-27', '0.2.0-rc.1'];
/** Releases in which the interface was called `runtime`. */
const RUNTIME_RELEASES = ['0.2.0-draft'];

/** The interfaces, one entry for each release. */
export const configInterfaces: readonly HostInterface[] = Object.freeze([
  ...STORE_RELEASES.map((release) => configInterface('wasi:config/store', release)),
  ...RUNTIME_RELEASES.map((release) => configInterface('wasi:config/runtime', release)),
]);

function configInterface(name: string, release: string): HostInterface {
  return {
    name,
    versions: { from: release, to: release },
    functions: {
      get: (guest: Guest, key: string) => guest.config.get(key),
      'get-all': (guest: Guest) => [...guest.config],
    },
    resources: {},
    blocking: [],
  };
}
