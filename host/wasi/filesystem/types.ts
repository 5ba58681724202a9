/** `wasi:filesystem/types`: files and directories. The resources have files of their own. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { IoError } from '../io/error.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { Descriptor } from './descriptor.ts';
import { DirectoryEntryStream } from './directory-entry-stream.ts';
import { FilesystemFailure, type FilesystemErrorCode } from './error-code.ts';

/** The interface `wasi:filesystem/types`. */
export const wasiFilesystemTypes: HostInterface = {
  name: 'wasi:filesystem/types',
  versions: WASI_0_2,
  functions: {
    'filesystem-error-code': (_guest: Guest, error: IoError): FilesystemErrorCode | undefined =>
      error.cause instanceof FilesystemFailure ? error.cause.code : undefined,
  },
  resources: { descriptor: Descriptor, 'directory-entry-stream': DirectoryEntryStream },
  blocking: ['[method]descriptor.read'],
};
