/**
 * Path text → node of a snapshot tree.
 *
 * Every step looks at a real directory, so `a/..` needs an `a`; the tree has no symbolic links, so
 * staying below the start is a matter of counting steps.
 */
import type { SnapshotNode } from '../ports.ts';
import { filesystemError } from './error-code.ts';

/** PATH_MAX: walking is linear in the length, and no real path is longer. */
const PATH_LIMIT_CHARACTERS = 4096;

/** A node and where it lies. */
export interface Place {
  readonly node: SnapshotNode;
  /** Absolute path in the guest, without `.`, `..` or a slash at the end: the same place has one path. */
  readonly path: string;
}

/**
 * Finds what a path names.
 *
 * @param start Where the path starts; it is never left.
 * @param path Relative, with `/` between names.
 * @throws {WitError} `not-permitted` if the path is absolute or leaves `start`; `no-entry`,
 *   `not-directory` or `name-too-long` as in POSIX.
 */
export function resolvePath(start: Place, path: string): Place {
  if (path === '') throw filesystemError('no-entry');
  if (path.startsWith('/')) throw filesystemError('not-permitted');
  if (path.length > PATH_LIMIT_CHARACTERS) throw filesystemError('name-too-long');
  const places = [start];
  let here = start;
  for (const name of path.split('/')) {
    if (here.node.kind !== 'directory') throw filesystemError('not-directory');
    if (name === '' || name === '.') continue;
    if (name === '..') places.pop();
    else places.push(findEntry(here, name));
    const next = places.at(-1);
    if (next === undefined) throw filesystemError('not-permitted');
    here = next;
  }
  return here;
}

function findEntry(directory: Place, name: string): Place {
  const node = directory.node.kind === 'directory' ? directory.node.entries.get(name) : undefined;
  if (node === undefined) throw filesystemError('no-entry');
  return { node, path: directory.path === '/' ? `/${name}` : `${directory.path}/${name}` };
}
