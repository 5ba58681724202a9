/**
 * The loop of `faas dev`: build, deploy to a private host, wait for a change, again. What does not build or deploy is
 * told; the version that was live goes on serving.
 */
import { dirname, relative, resolve, sep } from 'node:path';
import { buildProject } from '../build/build-project.ts';
import { WatchedFiles } from '../build/watched-files.ts';
import type { Cli } from '../cli.ts';
import type { DeployFlags } from '../deploy-flags.ts';
import { DeployProgress } from '../deploy-progress.ts';
import { deployToHost, type LocalDeployment } from '../deploy-to-host.ts';
import type { SpinFunction } from '../manifest/load-spin.ts';
import { artifactOf, deploymentOf } from '../manifest/manifest-deployment.ts';
import { overrideDeployment } from '../override-settings.ts';
import { loadFunctions } from '../resolve-deployments.ts';
import type { DevReporter } from './dev-reporter.ts';
import { RealChanges } from './real-changes.ts';
import type { DevHost } from './start-dev-host.ts';
import { watchProject, type WatchRules } from './watch-project.ts';

/** Everything that the loop works with. */
export interface DevParts {
  /** The manifest. */
  readonly file: string;
  readonly flags: DeployFlags;
  readonly host: DevHost;
  readonly reporter: DevReporter;
  readonly cli: Cli;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

/** Runs until the signal aborts. */
export class DevLoop {
  readonly #parts: DevParts;
  #functions: readonly SpinFunction[] = [];
  #watcher: Disposable | undefined;
  readonly #followed = new Set<string>();
  readonly #changes = new Set<string>();
  #wake: (() => void) | undefined;
  readonly #real = new RealChanges();

  constructor(parts: DevParts) {
    this.#parts = parts;
    parts.signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  /**
   * Runs the loop.
   *
   * @throws {HostError} If the manifest cannot be read at the start; later that is only told.
   */
  async run(): Promise<void> {
    const { signal } = this.#parts;
    await this.#load();
    try {
      await this.#turn();
      while (!signal.aborted) {
        const changed = await this.#nextChanges();
        if (!signal.aborted) await this.#onChange(changed);
      }
    } finally {
      this.#watcher?.[Symbol.dispose]();
    }
  }

  async #onChange(paths: readonly string[]): Promise<void> {
    const { file, reporter } = this.#parts;
    const { changed, made } = await this.#real.filter(paths);
    if (made.length > 0) {
      const shown = made.map((path) => relative('', path)).join(', ');
      const text = `the build writes ${shown}, which it watches: no longer watched; name its sources in build.watch`;
      await reporter.tell({ event: 'note', text });
    }
    if (changed.length === 0) return;
    await reporter.tell({ event: 'changed', paths: changed.map((path) => relative('', path)) });
    try {
      if (changed.includes(resolve(file))) await this.#load();
    } catch (error) {
      // Nothing can be said about the new manifest, so the old one stays in force.
      await reporter.fail(error);
      return;
    }
    await this.#turn();
  }

  /** Reads the manifest and watches what it names. */
  async #load(): Promise<void> {
    const { file, cli, reporter } = this.#parts;
    const { functions } = await loadFunctions(file, cli.environment);
    this.#functions = functions;
    this.#watcher?.[Symbol.dispose]();
    this.#watcher = watchProject(
      watchRules(functions, resolve(file)),
      (paths) => {
        for (const path of paths) this.#changes.add(path);
        this.#wake?.();
      },
      (error) => void reporter.fail(error),
    );
  }

  async #nextChanges(): Promise<readonly string[]> {
    if (this.#changes.size === 0 && !this.#parts.signal.aborted) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    const changed = [...this.#changes];
    this.#changes.clear();
    return changed;
  }

  async #turn(): Promise<void> {
    const { reporter, signal } = this.#parts;
    for (const one of this.#functions) {
      if (signal.aborted) return;
      try {
        await this.#buildAndDeploy(one);
      } catch (error) {
        if (!signal.aborted) await reporter.fail(error);
      }
    }
  }

  async #buildAndDeploy({ loaded, secrets }: SpinFunction): Promise<void> {
    const { cli, flags, host, reporter, signal } = this.#parts;
    const given = new Set((flags.secret ?? []).map(([name]) => name));
    const deployment = deploymentOf(loaded, cli.environment, given);
    const onStart = (command: string): Promise<void> =>
      reporter.tell({ event: 'building', command });
    const startedMs = Date.now();
    const result = await buildProject(loaded, { environment: cli.environment, signal, onStart });
    if (result.built) this.#real.setBuild(startedMs, Date.now());
    if (result.built) await reporter.tell({ event: 'built', ...result });
    const builtMs = performance.now();
    const settings = { ...deployment.settings };
    if (secrets.length > 0) settings['secrets'] = secrets;
    const wanted = overrideDeployment({ ...deployment, settings }, flags);
    const silent = new DeployProgress(cli.terminal, false);
    const { version, urls } = await deployToHost(host.client, this.#atRoot(wanted), silent);
    await reporter.tell({
      event: 'deployed',
      name: version.function,
      version: version.version,
      urls: this.#functions.length === 1 ? [`${host.dataUrl}/`] : urls,
      ms: performance.now() - builtMs,
    });
    this.#follow(version.function);
  }

  /** A single function has the whole host: authors open its root. */
  #atRoot(deployment: LocalDeployment): LocalDeployment {
    const routes = (deployment.settings['routes'] ?? []) as readonly string[];
    if (this.#functions.length > 1 || routes.includes('/*')) return deployment;
    return { ...deployment, settings: { ...deployment.settings, routes: [...routes, '/*'] } };
  }

  /** Shows what a function writes, from its first version on. */
  #follow(name: string): void {
    if (this.#followed.has(name)) return;
    this.#followed.add(name);
    const { host, reporter, signal } = this.#parts;
    const input = { params: { name }, query: { tail: 0, follow: 'true' } } as const;
    const key = 'GET /v1/functions/{name}/logs';
    const read = async (): Promise<void> => {
      for await (const event of host.client.callLines(key, input, { signal })) {
        if ('line' in event) await reporter.tell({ event: 'log', line: event.line });
      }
    };
    read().catch((error: unknown) => {
      this.#followed.delete(name);
      // When the host ends, its logs do.
      if (!signal.aborted) void reporter.fail(error);
    });
  }
}

/** What a change of which means another turn: what is built from, what is deployed, and the manifest. */
function watchRules(functions: readonly SpinFunction[], manifest: string): WatchRules {
  const files = functions.map(({ loaded }) => new WatchedFiles(loaded));
  const sources = functions
    .filter(({ loaded }) => loaded.manifest.build !== undefined)
    .map(({ loaded }) => new WatchedFiles(loaded));
  const folders = functions.flatMap(({ loaded }) =>
    (loaded.manifest.directories ?? []).map(({ source }) => resolve(loaded.folder, source)),
  );
  // What nobody builds here is swapped in when it changes.
  const artifacts = functions
    .filter(({ loaded }) => loaded.manifest.build === undefined)
    .map(({ loaded }) => artifactOf(loaded));
  const deployed = [...artifacts, ...folders];
  const isDeployed = (path: string): boolean => isBelow(path, deployed);
  const leadsToDeployed = (path: string): boolean => deployed.some((one) => isBelow(one, [path]));
  const roots = files.flatMap((one) => one.roots);
  const outside = [...folders, ...artifacts.map((path) => dirname(path))];
  return {
    roots: [...roots, ...outside.filter((folder) => !isBelow(folder, roots))],
    ignores: (path) =>
      files.every((one) => one.ignores(path)) && !isDeployed(path) && !leadsToDeployed(path),
    includes: (path) =>
      path === manifest || isDeployed(path) || sources.some((one) => one.includes(path)),
  };
}

function isBelow(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(root + sep));
}
