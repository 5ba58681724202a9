/**
 * What a build is made of: the paths and patterns of `build.watch`, or everything beside the manifest. Folders in
 * which tools keep what they make never count.
 */
import type { Stats } from 'node:fs';
import { glob, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, matchesGlob, relative, resolve, sep } from 'node:path';
import { artifactOf } from '../manifest/manifest-deployment.ts';
import type { LoadedManifest } from '../manifest/load-manifest.ts';

/** Folders of tools, by name. */
const IGNORED: ReadonlySet<string> = new Set([
  'target',
  'node_modules',
  '.git',
  '.hg',
  '.faas',
  '.venv',
  '__pycache__',
]);

/** The files of a project that a build depends on. */
export class WatchedFiles {
  readonly #folder: string;
  readonly #artifact: string;
  readonly #patterns: readonly string[];

  constructor(loaded: LoadedManifest) {
    this.#folder = loaded.folder;
    this.#artifact = artifactOf(loaded);
    this.#patterns = (loaded.manifest.build?.watch ?? ['**']).map((pattern) =>
      pattern.replace(/^\.\//, '').replace(/\/+$/, ''),
    );
  }

  /** Folders to look at: that of the manifest, and others that patterns lead to. */
  get roots(): readonly string[] {
    const outside = this.#patterns.map((pattern) => resolve(this.#folder, fixedPart(pattern)));
    return [
      this.#folder,
      ...outside.filter((path) => relative(this.#folder, path).startsWith('..')),
    ];
  }

  /** Whether nothing below a path can count. */
  ignores(path: string): boolean {
    return (
      path === this.#artifact ||
      relative(this.#folder, path)
        .split(sep)
        .some((name) => IGNORED.has(name))
    );
  }

  /** Whether a change of a path means another build. */
  includes(path: string): boolean {
    if (this.ignores(path)) return false;
    const name = relative(this.#folder, path).replaceAll(sep, '/');
    return this.#patterns.some(
      (pattern) => name === pattern || name.startsWith(`${pattern}/`) || matchesGlob(name, pattern),
    );
  }

  /** A file that was changed after a moment, if there is one. */
  async findNewer(sinceMs: number): Promise<string | undefined> {
    for (const pattern of this.#patterns) {
      const path = resolve(this.#folder, pattern);
      const found = await statOf(path);
      const isFolder = found?.isDirectory() === true;
      if (found !== undefined && !isFolder) {
        if (found.mtimeMs > sinceMs) return path;
        continue;
      }
      const exclude = (name: string): boolean => IGNORED.has(basename(name));
      const within = isFolder ? join(pattern, '**') : pattern;
      for await (const name of glob(within, { cwd: this.#folder, exclude })) {
        const file = isAbsolute(name) ? name : join(this.#folder, name);
        if (this.ignores(file)) continue;
        const stats = await statOf(file);
        // A folder changes also when the artifact in it is written.
        if (stats?.isFile() === true && stats.mtimeMs > sinceMs) return file;
      }
    }
    return undefined;
  }
}

/** The part of a pattern before its first wildcard. */
function fixedPart(pattern: string): string {
  const parts = pattern.split('/');
  const wild = parts.findIndex((part) => /[*?[{]/.test(part));
  return (wild < 0 ? parts : parts.slice(0, wild)).join('/') || '.';
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
