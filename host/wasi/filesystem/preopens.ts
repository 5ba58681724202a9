/** `wasi:filesystem/preopens`: the directories a version was granted. Without a grant there are none. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Guest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { Descriptor } from './descriptor.ts';

/** The interface `wasi:filesystem/preopens`. */
export const wasiFilesystemPreopens: HostInterface = {
  name: 'wasi:filesystem/preopens',
  versions: WASI_0_2,
  functions: { 'get-directories': getDirectories },
  resources: {},
  blocking: [],
};

function getDirectories(guest: Guest): [Descriptor, string][] {
  return guest.preopens.map(({ guestPath, root }) => [
    new Descriptor(guest, { node: root, path: guestPath }),
    guestPath,
  ]);
}
