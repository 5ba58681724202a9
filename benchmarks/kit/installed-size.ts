/**
 * Size of the product on disk as npm installs it: the package's own files, and the dependencies that whoever installs it
 * gets, taken from the lock file and measured where they lie in this checkout.
 */
import { existsSync, globSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Bytes of each part. */
export interface InstalledSize {
  /** Host, command, examples, documents; sources count for what is compiled from them. */
  readonly ownBytes: number;
  readonly dependencyBytes: number;
  /** The Node binary, which comes as a package. */
  readonly nodeBytes: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What `dist/` is made from: without types it is smaller. */
const SOURCES = ['host', 'cli'];

/** Measures. */
export function readInstalledSize(): InstalledSize {
  const manifest = readJson('package.json') as {
    readonly files: readonly string[];
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const lock = readJson('package-lock.json') as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const nodePackages = new Set(
    Object.keys(manifest.optionalDependencies).map((name) => `node_modules/${name}`),
  );
  // What is not there is for other systems.
  const installed = Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(ROOT, path)))
    .map(([path]) => path);
  const sizeOf = (paths: readonly string[]): number =>
    paths.reduce((sum, path) => sum + sizeOfTree(join(ROOT, path)), 0);
  const own = globSync(
    manifest.files.filter((path) => path !== 'dist'),
    { cwd: ROOT },
  );
  return {
    ownBytes: sizeOf([...SOURCES, ...own.filter((path) => !isBelowSources(path)), 'package.json']),
    dependencyBytes: sizeOf(installed.filter((path) => !nodePackages.has(path))),
    nodeBytes: sizeOf(installed.filter((path) => nodePackages.has(path))),
  };
}

function isBelowSources(path: string): boolean {
  return SOURCES.some((folder) => path.startsWith(`${folder}/`));
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as unknown;
}

/** Of packages within a package, the lock file has lines of their own. */
function sizeOfTree(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((sum, name) => sum + sizeOfTree(join(path, name)), 0);
}
