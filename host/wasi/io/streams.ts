/** `wasi:io/streams`: bytes in and out. The resources have files of their own. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { InputStream } from './input-stream.ts';
import { OutputStream } from './output-stream.ts';

/** The interface `wasi:io/streams`. */
export const wasiIoStreams: HostInterface = {
  name: 'wasi:io/streams',
  versions: WASI_0_2,
  functions: {},
  resources: { 'input-stream': InputStream, 'output-stream': OutputStream },
  blocking: [
    '[method]input-stream.blocking-read',
    '[method]input-stream.blocking-skip',
    '[method]output-stream.blocking-write-and-flush',
    '[method]output-stream.blocking-flush',
    '[method]output-stream.blocking-write-zeroes-and-flush',
    '[method]output-stream.blocking-splice',
  ],
  onMemory: ['[method]output-stream.write', '[method]output-stream.blocking-write-and-flush'],
};
