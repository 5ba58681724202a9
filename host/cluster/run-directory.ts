/** The sockets by which supervisor, launcher and workers find each other. */
import { join } from 'node:path';
import { makeSocketFolder, socketFolderOf } from '../links/socket-folder.ts';

/** The sockets. */
export interface RunDirectory {
  readonly path: string;
  /** The supervisor listens here; workers and their watchdogs connect. */
  readonly supervisorSocket: string;
  /** The launcher listens here; the supervisor connects. */
  readonly launcherSocket: string;
  /** The same of a spare launcher. */
  readonly spareSocket: string;
}

/** Names the sockets of a data directory. */
export function runDirectoryOf(dataDirectory: string): RunDirectory {
  const path = socketFolderOf(dataDirectory);
  return {
    path,
    supervisorSocket: join(path, 'supervisor.sock'),
    launcherSocket: join(path, 'launcher.sock'),
    spareSocket: join(path, 'spare.sock'),
  };
}

/**
 * The same, and makes their folder (mode 0700).
 *
 * @throws {data_directory_foreign} If somebody else has made it, or may enter it.
 */
export function openRunDirectory(dataDirectory: string): RunDirectory {
  const directory = runDirectoryOf(dataDirectory);
  makeSocketFolder(directory.path);
  return directory;
}
