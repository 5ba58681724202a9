/** `wasmtime serve`, whichever release is on the PATH, with the same component. */
import { startChild, versionOf } from './child-peer.ts';
import { PeerGap, type Peer } from './peer.ts';

/**
 * Makes one.
 *
 * @param component Path of what it serves.
 */
export function createWasmtimeServe(component: string): Peer {
  return {
    name: 'wasmtime-serve',
    interval: 'process start to first byte, the same component, compiled at start',
    prepare: async () => {
      const version = versionOf('wasmtime');
      if (version === undefined) throw new PeerGap('wasmtime is not on the PATH');
      return {
        version,
        start: async (port) =>
          // One thread, as every other side has: by itself it takes all cores. What Rust's standard library imports of
          // wasi:cli is more than it links without being asked.
          startChild('wasmtime', ['serve', '-S', 'cli', '--addr', `127.0.0.1:${port}`, component], {
            TOKIO_WORKER_THREADS: '1',
          }),
      };
    },
  };
}
