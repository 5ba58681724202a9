/**
 * One build as `faas build`, `faas deploy` and `faas dev` do it: nothing if nothing has changed, else the tools are
 * looked for, the command runs, and what it has made is looked into.
 */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { HostError } from '../../host/base/errors.ts';
import { toFileError } from '../local-file.ts';
import type { LoadedManifest } from '../manifest/load-manifest.ts';
import { artifactOf, type Environment } from '../manifest/manifest-deployment.ts';
import { readBuildTime, writeBuildTime } from './build-stamp.ts';
import { describeComponent, type ComponentDescription } from './describe-component.ts';
import { runShell, type ShellResult } from './run-shell.ts';
import { checkTool } from './toolchain.ts';
import { WatchedFiles } from './watched-files.ts';

/** File systems take times from a clock that may lag by a tick: what is edited as a build begins must not look older. */
const CLOCK_LAG_MS = 10;

/** How to build. */
export interface BuildOptions {
  readonly environment: Environment;
  /** Builds also what is up to date. */
  readonly force?: boolean;
  /** Ends the build, with all processes that it has started. */
  readonly signal?: AbortSignal;
  /** Told before the command runs. */
  readonly onStart?: (command: string) => Promise<void>;
}

/** What was built, or was there already. */
export interface BuildResult extends ComponentDescription {
  readonly name: string;
  /** Absolute path. */
  readonly artifact: string;
  readonly bytes: number;
  /** Whether the command ran. */
  readonly built: boolean;
  /** Time that it took; 0 if it did not run. */
  readonly buildMs: number;
}

/**
 * Builds.
 *
 * @throws {toolchain_missing} If a tool of `build.needs` is not there.
 * @throws {build_failed} If the command does not end with 0.
 * @throws {build_without_result} If it leaves no WebAssembly.
 * @throws {unknown_world} If what it made cannot be served; also not_wasi_module, needs_componentizing.
 */
export async function buildProject(
  loaded: LoadedManifest,
  options: BuildOptions,
): Promise<BuildResult> {
  const { name } = loaded.manifest;
  const artifact = artifactOf(loaded);
  const command = loaded.manifest.build?.command;
  const isNeeded =
    command !== undefined && (options.force === true || !(await isFresh(loaded, command)));
  const startedMs = performance.now();
  if (isNeeded) await build(loaded, command, options);
  const buildMs = isNeeded ? performance.now() - startedMs : 0;
  const bytes = await readArtifact(loaded, artifact, isNeeded);
  const description = describeResult(loaded, artifact, bytes);
  return { name, artifact, bytes: bytes.length, built: isNeeded, buildMs, ...description };
}

async function isFresh(loaded: LoadedManifest, command: string): Promise<boolean> {
  const builtMs = await readBuildTime(loaded, artifactOf(loaded), command);
  if (builtMs === undefined) return false;
  return (await new WatchedFiles(loaded).findNewer(builtMs)) === undefined;
}

async function build(
  loaded: LoadedManifest,
  command: string,
  options: BuildOptions,
): Promise<void> {
  const { manifest, folder } = loaded;
  const { environment, signal } = options;
  checkTools(loaded, environment);
  await options.onStart?.(command);
  const startedMs = Date.now() - CLOCK_LAG_MS;
  const cwd = resolve(folder, manifest.build?.workdir ?? '.');
  const result = await runShell(command, { cwd, environment, signal }).catch((error: unknown) => {
    throw new HostError(
      'build_failed',
      { name: manifest.name, command: shown(command), how: `cannot run in "${cwd}"` },
      { cause: error },
    );
  });
  if (result.code !== 0) {
    const how = describeEnd(result);
    throw new HostError('build_failed', { name: manifest.name, command: shown(command), how });
  }
  await writeBuildTime(loaded, artifactOf(loaded), command, startedMs);
}

function checkTools({ manifest, folder }: LoadedManifest, environment: Environment): void {
  const missing = (manifest.build?.needs ?? [])
    .map((need) => checkTool(need, { environment, folder }))
    .filter(({ present }) => !present);
  if (missing.length === 0) return;
  const tools = `${missing.map(({ need }) => need).join(', ')} ${missing.length === 1 ? 'is' : 'are'}`;
  const fix = [...new Set(missing.map(({ install }) => install))].join('; ');
  throw new HostError('toolchain_missing', { name: manifest.name, tools, fix });
}

async function readArtifact(
  { manifest, folder }: LoadedManifest,
  artifact: string,
  wasBuilt: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(artifact);
  } catch (error) {
    if (!wasBuilt) throw toFileError(error, artifact);
    const file = relative(folder, artifact);
    const fields = { name: manifest.name, file, reason: 'is not there' };
    throw new HostError('build_without_result', fields, { cause: error });
  }
}

function describeResult(
  { manifest, folder }: LoadedManifest,
  artifact: string,
  bytes: Uint8Array<ArrayBuffer>,
): ComponentDescription {
  try {
    return describeComponent(bytes);
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'not_wasm') throw error;
    const reason = `is no WebAssembly: it is ${String(error.fields['looksLike'])}`;
    const fields = { name: manifest.name, file: relative(folder, artifact), reason };
    throw new HostError('build_without_result', fields, { cause: error });
  }
}

function describeEnd({ code, signal }: ShellResult): string {
  return signal === null ? `ended with ${code}` : `was ended by ${signal}`;
}

function shown(command: string): string {
  return command.length > 200 ? `${command.slice(0, 200)}…` : command;
}
