/**
 * Where the processes of one host meet: sockets in a folder that nobody else may enter. It lies in the data directory,
 * or, where that has too long a path for a socket, in the system's folder for temporary files.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../base/errors.ts';
import { fitsSocketPath } from '../links/unix-socket.ts';

/** The sockets. */
export interface RunDirectory {
  readonly path: string;
  /** The supervisor listens here; workers and their watchdogs connect. */
  readonly supervisorSocket: string;
  /** The launcher listens here; the supervisor connects. */
  readonly launcherSocket: string;
}

/** Names the sockets of a data directory, given by its absolute path. */
export function runDirectoryOf(dataDirectory: string): RunDirectory {
  const near = socketsIn(join(dataDirectory, 'run'));
  if (fitsSocketPath(near.supervisorSocket)) return near;
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  return socketsIn(join(tmpdir(), `wasi-faas-${process.getuid?.() ?? 0}-${hash}`));
}

/**
 * The same, and makes the folder (mode 0700).
 *
 * @throws {data_directory_foreign} If somebody else has made it.
 */
export async function openRunDirectory(dataDirectory: string): Promise<RunDirectory> {
  const directory = runDirectoryOf(dataDirectory);
  const { path } = directory;
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  const isOurs = found.isDirectory() && found.uid === (process.getuid?.() ?? 0);
  if (!isOurs || (found.mode & 0o077) !== 0) {
    throw new HostError('data_directory_foreign', { path, name: 'run' });
  }
  return directory;
}

function socketsIn(path: string): RunDirectory {
  return {
    path,
    supervisorSocket: join(path, 'supervisor.sock'),
    launcherSocket: join(path, 'launcher.sock'),
  };
}
