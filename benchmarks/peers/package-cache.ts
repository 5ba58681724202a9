/**
 * Packages that only peers need, at exact versions: installed when a suite first asks for one, into the user's cache folder
 * outside of this checkout, and found there afterwards.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { PeerGap } from './peer.ts';

/** How long npm may take, ms: workerd has 40 MB to fetch. */
const INSTALL_MS = 180_000;

/** How packages are found and fetched. */
export interface PackageCacheOptions {
  /** Absolute path; `wasi-faas-bench` in the user's cache folder (`XDG_CACHE_HOME`) if left out. */
  readonly folder?: string;
  /** Program that takes npm's arguments. */
  readonly npm?: string;
}

/**
 * Finds an npm package, or installs it with its dependencies, without running their scripts.
 *
 * @param name Name in the npm registry.
 * @param version Exact.
 * @returns Path of the folder that holds `node_modules`.
 * @throws {PeerGap} If it cannot be installed here.
 */
export async function installPackage(
  name: string,
  version: string,
  { folder = defaultFolder(), npm = 'npm' }: PackageCacheOptions = {},
): Promise<string> {
  const place = join(folder, `${name.replaceAll('/', '+')}-${version}`);
  if (existsSync(place)) return place;
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, 'installing-'));
  try {
    const manifest = { private: true, dependencies: { [name]: version } };
    await writeFile(join(scratch, 'package.json'), JSON.stringify(manifest));
    runNpm(npm, scratch, `${name}@${version}`);
    // Whoever installs it at the same time finds none or a whole one.
    await rename(scratch, place).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
    return place;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function runNpm(npm: string, cwd: string, what: string): void {
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const { status, stderr, error } = spawnSync(npm, args, {
    cwd,
    encoding: 'utf8',
    timeout: INSTALL_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim().split('\n')[0] ?? `npm ended with ${status}`;
  throw new PeerGap(`${what} cannot be installed: ${reason}`, { cause: error });
}

function defaultFolder(): string {
  const { XDG_CACHE_HOME: named } = process.env;
  const cache = named !== undefined && isAbsolute(named) ? named : join(homedir(), '.cache');
  return join(cache, 'wasi-faas-bench');
}
