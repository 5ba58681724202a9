/**
 * Where the driver's socket lies: in the data directory, or, where that has too long a path for a socket, in the folder
 * of the system's temporary files that belongs to that directory (`host/cluster/run-directory.ts` uses the same).
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { HostError } from '../base/errors.ts';
import { fitsSocketPath } from '../links/unix-socket.ts';

const NAME = 'key-value.sock';

/** Path of the driver's socket for a data directory. */
export function keyValueSocketPath(dataDir: string): string {
  const directory = resolve(dataDir);
  const near = join(directory, NAME);
  if (fitsSocketPath(near)) return near;
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  return join(tmpdir(), `wasi-faas-${process.getuid?.() ?? 0}-${hash}`, NAME);
}

/**
 * Makes the folder of a socket (mode 0700) if it is missing.
 *
 * @throws {data_directory_foreign} If somebody else has made it, or may enter it.
 */
export function makeSocketFolder(socketPath: string): void {
  const path = dirname(socketPath);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  const isOurs = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
  // The data directory itself may be one that its owner lets others into: the socket has a mode of its own.
  if (isOurs && (!path.startsWith(tmpdir()) || (found.mode & 0o022) === 0)) return;
  throw new HostError('data_directory_foreign', { path, name: NAME });
}
