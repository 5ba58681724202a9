/**
 * The list of an uploaded snapshot's files → the trees that guests see as their directories.
 *
 * The list comes from a client, so every path is checked here, whoever checked it before. Nothing is
 * opened until a guest reads.
 */
import type { Closeable } from '../../base/closeable.ts';
import { HostError } from '../../base/errors.ts';
import type { SnapshotFile } from '../../registry/model.ts';
import type { Preopen, SnapshotNode } from '../ports.ts';
import { OpenFiles, type SnapshotOpener } from './open-files.ts';

/** Files kept open between reads: a version's share of the process's descriptors. */
const OPEN_FILES_LIMIT = 64;
/** PATH_MAX and NAME_MAX. */
const PATH_LIMIT_BYTES = 4096;
const NAME_LIMIT_BYTES = 255;

/** A directory that can still grow. */
interface GrowingDirectory {
  readonly kind: 'directory';
  readonly entries: Map<string, SnapshotNode>;
  modifiedMs: number;
}

/** The directories of one version, and the files that reading them opened. */
export interface SnapshotTree extends Closeable {
  readonly preopens: readonly Preopen[];
  close(): Promise<void>;
}

/**
 * Builds the trees of a version.
 *
 * @param files Every file; each lies below one of `directories`.
 * @param directories Absolute guest paths to preopen: `/data`; one may lie in another.
 * @param open Opens a file's bytes, at its first read.
 * @param openFilesLimit Most files that stay open between reads, at least 1.
 * @throws {invalid_snapshot_path} If a path is not absolute and plain, is listed twice, lies below no
 *   directory, or is both a file and a directory.
 */
export function buildSnapshotTree(
  files: readonly SnapshotFile[],
  directories: readonly string[],
  open: SnapshotOpener,
  openFilesLimit: number = OPEN_FILES_LIMIT,
): SnapshotTree {
  const openFiles = new OpenFiles(open, openFilesLimit);
  const root = createDirectory();
  const preopens = new Map<string, GrowingDirectory>();
  for (const path of directories) {
    if (preopens.has(path)) refuse(path, 'it is listed twice');
    preopens.set(path, makeDirectories(root, path, parsePath(path)));
  }
  for (const file of files) addFile(root, directories, file, openFiles);
  return {
    preopens: Array.from(preopens, ([guestPath, node]) => ({ guestPath, root: node })),
    close: () => openFiles.close(),
  };
}

function addFile(
  root: GrowingDirectory,
  directories: readonly string[],
  file: SnapshotFile,
  openFiles: OpenFiles,
): void {
  const { path, digest, size, modifiedMs } = file;
  const names = parsePath(path);
  const name = names.pop();
  if (name === undefined) return refuse(path, 'it is a directory');
  if (!directories.some((directory) => isBelow(path, directory))) {
    refuse(path, 'it lies below none of the granted directories');
  }
  if (!Number.isSafeInteger(size) || size < 0) refuse(path, `its size ${size} is not possible`);
  const directory = makeDirectories(root, path, names, modifiedMs);
  if (directory.entries.has(name)) refuse(path, 'it is listed twice');
  directory.entries.set(name, {
    kind: 'file',
    size,
    modifiedMs,
    read: (offset, length) => openFiles.read(digest, size, offset, length),
  });
}

/** Walks from the root to a directory and makes what is missing; a directory is as new as its newest file. */
function makeDirectories(
  root: GrowingDirectory,
  path: string,
  names: readonly string[],
  modifiedMs: number = 0,
): GrowingDirectory {
  let here = root;
  here.modifiedMs = Math.max(here.modifiedMs, modifiedMs);
  for (const name of names) {
    const next = here.entries.get(name) ?? createDirectory();
    if (next.kind === 'file') return refuse(path, 'a part of it is a file');
    here.entries.set(name, next);
    // Every directory of this tree was made by `createDirectory`.
    here = next as GrowingDirectory;
    here.modifiedMs = Math.max(here.modifiedMs, modifiedMs);
  }
  return here;
}

function createDirectory(): GrowingDirectory {
  return { kind: 'directory', entries: new Map(), modifiedMs: 0 };
}

function isBelow(path: string, directory: string): boolean {
  return directory === '/' || path.startsWith(`${directory}/`);
}

/** Splits an absolute path into its names; `/` has none. */
function parsePath(path: string): string[] {
  if (!path.startsWith('/')) refuse(path, 'it is not absolute');
  if (!path.isWellFormed() || path.includes('\0')) refuse(path, 'it is not plain text');
  if (Buffer.byteLength(path) > PATH_LIMIT_BYTES) refuse(path, 'it is too long');
  if (path === '/') return [];
  const names = path.slice(1).split('/');
  for (const name of names) {
    if (name === '') refuse(path, 'a name in it is empty');
    if (name === '.' || name === '..') refuse(path, `"${name}" is not a name`);
    if (Buffer.byteLength(name) > NAME_LIMIT_BYTES) refuse(path, 'a name in it is too long');
  }
  return names;
}

function refuse(path: string, reason: string): never {
  throw new HostError('invalid_snapshot_path', { path: path.slice(0, 200), reason });
}
