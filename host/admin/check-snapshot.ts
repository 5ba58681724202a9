/**
 * Checks the directories and files of a deployment: a tree in which every path means one thing, below
 * the directories that the guest is given, within the limits of a snapshot.
 */
import { HostError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import type { SnapshotFile } from '../registry/model.ts';

const MAX_NAME = 255;

/** Whether a path is absolute and has no empty, `.` or `..` part, no NUL and no backslash. */
export function isGuestPath(path: string): boolean {
  if (path === '/') return true;
  if (!path.startsWith('/') || /[\0\\]/.test(path)) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= MAX_NAME);
}

/**
 * Checks a snapshot as a whole. The paths are guest paths already.
 *
 * @throws {invalid_settings} If paths contradict each other or there are too many.
 * @throws {artifact_too_large} If all files together are too large.
 */
export function checkSnapshot(
  directories: readonly string[],
  files: readonly SnapshotFile[],
  limits: Config['deploy'],
): void {
  if (files.length > limits.snapshotFiles) {
    refuse('files', `there are ${files.length}, more than ${limits.snapshotFiles}`);
  }
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  if (totalBytes > limits.snapshotBytes) {
    throw new HostError('artifact_too_large', { limit: limits.snapshotBytes });
  }
  const roots = new Set(directories);
  if (roots.size < directories.length) refuse('directories', 'one is named twice');
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) refuse('files', `"${path}" is there twice`);
    paths.add(path);
  }
  for (const { path } of files) checkPlace(path, roots, paths);
  for (const root of roots) {
    if (paths.has(root)) refuse('files', `"${root}" is a file and a directory`);
  }
}

function checkPlace(path: string, roots: ReadonlySet<string>, files: ReadonlySet<string>): void {
  let inside = roots.has('/');
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (files.has(parent)) refuse('files', `"${parent}" is a file and a directory`);
    inside ||= roots.has(parent);
  }
  if (!inside) refuse('files', `"${path}" lies in none of the directories`);
}

function refuse(key: string, reason: string): never {
  throw new HostError('invalid_settings', { key, reason });
}
