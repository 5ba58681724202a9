/**
 * `--dir HOST::GUEST`: a directory of this machine → the files that a version takes along. Guests never
 * see host paths, so what would lead out of the directory (symbolic links) or is no file (pipes,
 * sockets, devices) is refused rather than left out.
 */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../host/base/errors.ts';
import { readLocalFile, toFileError, type LocalFile } from './local-file.ts';
import { mapLimited } from './map-limited.ts';

/** One `--dir`. */
export interface DirectoryGrant {
  readonly hostPath: string;
  /** Absolute. */
  readonly guestPath: string;
}

/** A local file and the path it gets. */
export interface SnapshotEntry extends LocalFile {
  readonly guestPath: string;
}

/** Limits of all directories of one deployment together. */
export interface SnapshotLimits {
  readonly snapshotBytes: number;
  readonly snapshotFiles: number;
}

/** Deeper trees are a mistake, such as a bind mount of a directory into itself. */
const MAX_DEPTH = 64;
const READERS = 4;

/**
 * Reads the flag.
 *
 * @throws {invalid_flag} If it has no `::`, or the guest path is not absolute.
 */
export function parseDirectoryGrant(text: string): DirectoryGrant {
  const at = text.lastIndexOf('::');
  const hostPath = text.slice(0, at);
  const guestPath = text.slice(at + 2).replace(/(?<=.)\/+$/, '');
  if (at > 0 && guestPath.startsWith('/')) return { hostPath, guestPath };
  throw new HostError('invalid_flag', {
    flag: '--dir',
    value: text.slice(0, 200),
    reason: at > 0 ? 'the path in the guest is not absolute' : 'it is not HOST::GUEST',
    fix: 'Write it like ./public::/public',
  });
}

/**
 * Walks directories and digests their files.
 *
 * @throws {snapshot_refused} If there is a link or special file, or too much of everything.
 * @throws {file_unreadable} If something cannot be read.
 */
export async function readSnapshot(
  grants: readonly DirectoryGrant[],
  limits: SnapshotLimits,
): Promise<readonly SnapshotEntry[]> {
  const found: { path: string; guestPath: string }[] = [];
  for (const { hostPath, guestPath } of grants) {
    for await (const file of walk(hostPath, guestPath, 0)) {
      found.push(file);
      if (found.length > limits.snapshotFiles) {
        refuse(hostPath, `there are more than ${limits.snapshotFiles} files`);
      }
    }
  }
  let totalBytes = 0;
  return mapLimited(found, READERS, async ({ path, guestPath }) => {
    const rules = { limitBytes: limits.snapshotBytes, followLinks: false };
    const file = await readLocalFile(path, rules);
    totalBytes += file.size;
    if (totalBytes > limits.snapshotBytes) {
      refuse(path, `with it the files have more than ${limits.snapshotBytes} bytes`);
    }
    return { ...file, guestPath };
  });
}

async function* walk(
  hostPath: string,
  guestPath: string,
  depth: number,
): AsyncGenerator<{ path: string; guestPath: string }, void, void> {
  if (depth > MAX_DEPTH) refuse(hostPath, `it is more than ${MAX_DEPTH} folders deep`);
  if (depth === 0 && !(await statOf(hostPath)).isDirectory())
    refuse(hostPath, 'it is no directory');
  const entries = await readdir(hostPath, { withFileTypes: true }).catch((error: unknown) => {
    throw toFileError(error, hostPath);
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(hostPath, entry.name);
    const inGuest = `${guestPath === '/' ? '' : guestPath}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(path, inGuest, depth + 1);
    else if (entry.isFile()) yield { path, guestPath: inGuest };
    else refuse(path, entry.isSymbolicLink() ? 'it is a symbolic link' : 'it is a special file');
  }
}

async function statOf(path: string): Promise<Stats> {
  return stat(path).catch((error: unknown) => {
    throw toFileError(error, path);
  });
}

function refuse(file: string, reason: string): never {
  throw new HostError('snapshot_refused', { file, reason });
}
