/** Where the processes of one host meet: sockets in a folder of the data directory, which nobody else may enter. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The sockets. */
export interface RunDirectory {
  readonly path: string;
  /** The supervisor listens here; workers and their watchdogs connect. */
  readonly supervisorSocket: string;
  /** The launcher listens here; the supervisor connects. */
  readonly launcherSocket: string;
}

/** Names the sockets of a data directory. */
export function runDirectoryOf(dataDirectory: string): RunDirectory {
  const path = join(dataDirectory, 'run');
  return {
    path,
    supervisorSocket: join(path, 'supervisor.sock'),
    launcherSocket: join(path, 'launcher.sock'),
  };
}

/** The same, and makes the folder (mode 0700). */
export async function openRunDirectory(dataDirectory: string): Promise<RunDirectory> {
  const directory = runDirectoryOf(dataDirectory);
  await mkdir(directory.path, { recursive: true, mode: 0o700 });
  return directory;
}
