/** Where the driver's socket lies: beside those of the host's other processes. */
import { join } from 'node:path';
import { socketFolderOf } from '../links/socket-folder.ts';

/** Path of the driver's socket for a data directory. */
export function keyValueSocketPath(dataDir: string): string {
  return join(socketFolderOf(dataDir), 'key-value.sock');
}
