/**
 * Whether tests may use real toolchains, and what of them is missing: they build for minutes, and some need registries.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTool } from '../../cli/build/toolchain.ts';

/** Where packages come from that are neither in this checkout nor installed. */
export type PackageRegistry = 'npm' | 'crates.io';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Time for a registry to show that it is there. */
const PROBE_MS = 60_000;
const PROBES: Readonly<Record<PackageRegistry, readonly string[]>> = {
  npm: ['npm', 'view', 'hono', 'version'],
  'crates.io': [
    'cargo',
    'fetch',
    '--locked',
    '--manifest-path',
    join(ROOT, 'components', 'json-rust', 'Cargo.toml'),
  ],
};

/**
 * Why something cannot be built here; false if it can.
 *
 * @param needs Tools, as in `build.needs` of a manifest.
 * @param registry Where packages come from; absent: nowhere.
 */
export function missingToolchain(
  needs: readonly string[],
  registry?: PackageRegistry,
): string | false {
  if (process.env['FAAS_TOOLCHAINS'] !== '1') {
    return 'builds for minutes and downloads: run "npm run test:toolchains"';
  }
  const world = { environment: process.env, folder: ROOT };
  const missing = needs.filter((need) => !checkTool(need, world).present);
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  if (registry === undefined || isReachable(registry)) return false;
  return `${registry} cannot be reached`;
}

function isReachable(registry: PackageRegistry): boolean {
  const [program = '', ...args] = PROBES[registry];
  return spawnSync(program, args, { cwd: ROOT, stdio: 'ignore', timeout: PROBE_MS }).status === 0;
}
