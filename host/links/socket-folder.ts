/**
 * Where the processes of one host meet: sockets in a folder that nobody else may enter. It lies in the data directory,
 * or, where that has too long a path for a socket, in the system's folder for temporary files.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HostError } from '../base/errors.ts';
import { fitsSocketPath } from './unix-socket.ts';

/** As long as the longest name of a socket. */
const LONGEST_NAME = 'supervisor.sock';

/** Names the folder of a data directory; always the same one. */
export function socketFolderOf(dataDirectory: string): string {
  const directory = resolve(dataDirectory);
  const near = join(directory, 'run');
  if (fitsSocketPath(join(near, LONGEST_NAME))) return near;
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  return join(tmpdir(), `wasi-faas-${process.getuid?.() ?? 0}-${hash}`);
}

/**
 * Makes it (mode 0700) if it is missing.
 *
 * @throws {data_directory_foreign} If somebody else has made it, or may enter it.
 */
export function makeSocketFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // Windows has neither owners nor modes of this kind.
  if (process.getuid === undefined) return;
  const found = lstatSync(path);
  const isOurs = found.isDirectory() && found.uid === process.getuid();
  if (isOurs && (found.mode & 0o077) === 0) return;
  throw new HostError('data_directory_foreign', { path, name: 'run' });
}
