/**
 * What `faas deploy [FILE|DIR]` is told to deploy: a component, or what a manifest names, built if need be. Flags
 * come on top of both.
 *
 * What reads manifests and builds is loaded when it is needed: it would take half as long again to start any other command.
 */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HostError } from '../host/base/errors.ts';
import { parseFunctionName } from '../host/base/ids.ts';
import type { BuildOptions } from './build/build-project.ts';
import { settingsOf, type DeployFlags } from './deploy-flags.ts';
import type { LocalDeployment } from './deploy-to-host.ts';
import { findComponent, nameFromTitle } from './find-component.ts';
import type { SpinFunction } from './manifest/load-spin.ts';
import { deploymentOf, type Environment } from './manifest/manifest-deployment.ts';
import { overrideDeployment } from './override-settings.ts';

/** Names of manifests, the first of which counts. */
const MANIFESTS = ['faas.toml', 'spin.toml'];

/** What is asked for. */
export interface DeployTarget {
  /** A component, a folder, or a manifest; undefined: the folder the command runs in. */
  readonly path: string | undefined;
  /** A manifest that was named with `-f`. */
  readonly file: string | undefined;
}

/** What is to be deployed. */
export interface Resolved {
  readonly deployments: readonly LocalDeployment[];
  /** What a Spin application does not get. */
  readonly missing: readonly string[];
}

/** How a manifest's component is built: not at all, if it is old, or in any case. */
export type BuildRule = 'never' | 'if-old' | 'always';

/**
 * Resolves.
 *
 * @throws {manifest_missing} If nothing was named, and there is no manifest.
 * @throws {invalid_flag} If `--name` is to name several functions.
 */
export async function resolveDeployments(
  target: DeployTarget,
  flags: DeployFlags,
  rule: BuildRule,
  options: BuildOptions,
): Promise<Resolved> {
  const manifest = await findManifest(target);
  if (manifest === undefined) return resolveComponent(target, flags, rule);
  const { functions, missing } = await loadFunctions(manifest, options.environment);
  checkName(functions, flags, manifest);
  const given = new Set((flags.secret ?? []).map(([name]) => name));
  const deployments: LocalDeployment[] = [];
  for (const { loaded, secrets } of functions) {
    const deployment = deploymentOf(loaded, options.environment, given);
    const settings = { ...deployment.settings };
    if (secrets.length > 0) settings['secrets'] = secrets;
    if (rule === 'always' && loaded.manifest.build === undefined) throw nothingToBuild(manifest);
    if (rule !== 'never' && loaded.manifest.build !== undefined) {
      const { buildProject } = await import('./build/build-project.ts');
      await buildProject(loaded, { ...options, force: rule === 'always' });
    }
    deployments.push(overrideDeployment({ ...deployment, settings }, flags));
  }
  return { deployments, missing };
}

/**
 * The manifest that is meant: named by `-f`, by its path, or the one of a folder.
 *
 * @returns Undefined if there is none.
 * @throws {invalid_flag} If both `-f` and a path are given.
 */
export async function findManifest({ path, file }: DeployTarget): Promise<string | undefined> {
  if (file !== undefined) {
    if (path === undefined) return file;
    throw new HostError('invalid_flag', {
      flag: '--file',
      value: file.slice(0, 200),
      reason: `"${path.slice(0, 200)}" is named already`,
      fix: 'Name one of both',
    });
  }
  if (path?.endsWith('.toml') === true) return path;
  for (const name of MANIFESTS) {
    const found = join(path ?? '.', name);
    if ((await stat(found).catch(() => undefined))?.isFile() === true) return found;
  }
  return undefined;
}

/**
 * The same where nothing goes without one.
 *
 * @throws {manifest_missing} If there is none.
 */
export async function requireManifest(target: DeployTarget): Promise<string> {
  const found = await findManifest(target);
  if (found !== undefined) return found;
  throw new HostError('manifest_missing', { folder: target.path ?? process.cwd() });
}

/** The functions of a manifest: one, or those of a Spin application. */
export async function loadFunctions(
  file: string,
  environment: Environment,
): Promise<{ functions: readonly SpinFunction[]; missing: readonly string[] }> {
  if (/^spin\b.*\.toml$/.test(basename(file))) {
    const { loadSpin } = await import('./manifest/load-spin.ts');
    return loadSpin(file, environment);
  }
  const { loadManifest } = await import('./manifest/load-manifest.ts');
  return { functions: [{ loaded: await loadManifest(file), secrets: [] }], missing: [] };
}

/**
 * Refuses one name for several functions.
 *
 * @throws {invalid_flag} If `--name` is given for them.
 */
export function checkName(
  functions: readonly SpinFunction[],
  { name }: DeployFlags,
  manifest: string,
): void {
  if (functions.length < 2 || name === undefined) return;
  throw new HostError('invalid_flag', {
    flag: '--name',
    value: name.slice(0, 80),
    reason: `"${manifest}" has ${functions.length} functions`,
    fix: 'Leave it out: they are named after the application and their components',
  });
}

async function resolveComponent(
  { path }: DeployTarget,
  flags: DeployFlags,
  rule: BuildRule,
): Promise<Resolved> {
  if (path === undefined) throw new HostError('manifest_missing', { folder: process.cwd() });
  if (rule === 'always') throw nothingToBuild(path);
  const found = await findComponent(path);
  const name =
    flags.name === undefined ? nameFromTitle(found.title) : parseFunctionName(flags.name);
  const settings = settingsOf(flags);
  return {
    deployments: [{ name, path: found.path, directories: flags.dir ?? [], settings }],
    missing: [],
  };
}

function nothingToBuild(path: string): HostError {
  return new HostError('invalid_flag', {
    flag: '--build',
    value: path.slice(0, 200),
    reason: 'nothing says how to build it',
    fix: 'Leave it out, or give a faas.toml with build.command',
  });
}
