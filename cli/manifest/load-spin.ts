/**
 * A Spin application (`spin.toml`) → one function for each component with an HTTP trigger, in the form of our own
 * manifest, and a list of what it does not get here. What a component cannot run without is refused.
 */
import { dirname, posix, resolve } from 'node:path';
import { HostError } from '../../host/base/errors.ts';
import { nameFromTitle } from '../find-component.ts';
import { readToml, type LoadedManifest } from './load-manifest.ts';
import { manifestError, type ManifestText } from './manifest-error.ts';
import type { Environment } from './manifest-deployment.ts';
import type { Manifest } from './manifest-schema.ts';
import {
  httpTriggersSchema,
  spinSchema,
  type SpinComponent,
  type SpinManifest,
  type SpinTrigger,
} from './spin-schema.ts';
import { SpinVariables } from './spin-variables.ts';

/** One component as a function. */
export interface SpinFunction {
  readonly loaded: LoadedManifest;
  /** Values of variables that Spin keeps secret. */
  readonly secrets: readonly (readonly [name: string, value: string])[];
}

/** The application. */
export interface SpinApplication {
  readonly functions: readonly SpinFunction[];
  /** What it does not get, a line each. */
  readonly missing: readonly string[];
}

/** Keys of components that mean nothing to a deployment, or are read here. */
const KNOWN = new Set([
  'source',
  'description',
  'environment',
  'variables',
  'allowed_outbound_hosts',
  'allowed_http_hosts',
  'key_value_stores',
  'files',
  'build',
  'tool',
]);
/** Keys of components without which they do not run. */
const REFUSED: Readonly<Record<string, string>> = {
  sqlite_databases: 'it needs SQLite databases, which this host does not offer',
  ai_models: 'it needs AI models, which this host does not offer',
  dependencies: 'it is composed of other components: compose it with "wac plug" before',
  exclude_files: 'it excludes files, and only whole folders are taken along',
};
const HEADERS = 'the header fields spin-* of requests: the path is in the request itself, complete';

/**
 * Loads an application.
 *
 * @throws {manifest_syntax} If it is not TOML.
 * @throws {invalid_manifest_value} If it is no Spin manifest of version 2.
 * @throws {spin_unsupported} If a component needs what is not there.
 * @throws {variable_unset} If a required variable has no value.
 */
export async function loadSpin(file: string, environment: Environment): Promise<SpinApplication> {
  const read = await readToml(file);
  const result = spinSchema.safeParse(read.tree);
  if (!result.success) throw manifestError(result.error.issues[0], read, spinSchema);
  const spin = result.data;
  const triggers = httpTriggersSchema.safeParse(spin.trigger['http'] ?? []);
  if (!triggers.success) {
    const [issue] = triggers.error.issues;
    const moved = issue && { ...issue, path: ['trigger', 'http', ...issue.path] };
    throw manifestError(moved, read, spinSchema);
  }
  const missing = [HEADERS, ...otherTriggers(spin)];
  const byComponent = routesByComponent(triggers.data, read);
  if (byComponent.size === 0) refuse(read, spin.application.name, 'it has no HTTP trigger');
  const folder = dirname(resolve(file));
  const functions = [...byComponent].map(([id, routes]) => {
    const { manifest, secrets } = toFunction(id, routes, { spin, read, environment, missing });
    return { loaded: { file: read.file, folder, manifest }, secrets };
  });
  return { functions, missing };
}

interface Context {
  readonly spin: SpinManifest;
  readonly read: ManifestText;
  readonly environment: Environment;
  readonly missing: string[];
}

function toFunction(
  id: string,
  routes: readonly string[],
  { spin, read, environment, missing }: Context,
): { manifest: Manifest; secrets: SpinFunction['secrets'] } {
  const stop = (reason: string): never => refuse(read, id, reason);
  const component = Object.hasOwn(spin.component, id) ? spin.component[id] : undefined;
  if (component === undefined) return stop('a trigger names it, and it is not there');
  checkKeys(component, stop, (what) => missing.push(`${what} of component "${id}"`));
  const variables = new SpinVariables(spin.variables, environment, stop);
  const values = Object.entries(component.variables ?? {}).map(
    ([name, template]) => [name, variables.fill(template)] as const,
  );
  const { source } = component;
  if (typeof source !== 'string')
    return stop(`its source is an address: download "${source.url}" and name the file`);
  const command = component.build?.command;
  const workdir = component.build?.workdir;
  const manifest: Manifest = {
    name: functionName(spin.application.name, id),
    source,
    routes: [...routes],
    environment: component.environment ?? {},
    config: Object.fromEntries(
      values.filter(([, { isSecret }]) => !isSecret).map(([name, { text }]) => [name, text]),
    ),
    key_value: component.key_value_stores ?? [],
    directories: (component.files ?? []).map((entry) => directoryOf(entry, stop)),
    allowed_hosts: hostsOf(component, variables, (what) =>
      missing.push(`${what} of component "${id}"`),
    ),
    ...(command === undefined
      ? {}
      : {
          build: {
            command: typeof command === 'string' ? command : command.join(' && '),
            ...(workdir === undefined ? {} : { workdir }),
            // Spin's patterns count from the folder of the build.
            watch: (component.build?.watch ?? ['**']).map((one) => posix.join(workdir ?? '', one)),
          },
        }),
  };
  const secrets = values
    .filter(([, { isSecret }]) => isSecret)
    .map(([name, { text }]) => [name, text] as const);
  return { manifest, secrets };
}

/** Functions of one host have one list of names, components of one application have their own. */
function functionName(application: string, id: string): string {
  return nameFromTitle(application === id ? id : `${application}-${id}`);
}

function routesByComponent(
  triggers: readonly SpinTrigger[],
  read: ManifestText,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { route, component, executor } of triggers) {
    if (typeof component !== 'string') {
      return refuse(read, 'trigger.http', 'a component is written in the trigger: give it an id');
    }
    if (executor !== undefined && !['http', 'wagi'].includes(executor.type)) {
      return refuse(read, component, `its executor "${executor.type}" is not known`);
    }
    const routes = found.get(component) ?? [];
    found.set(component, routes);
    // A private route is for other components only; here it has the address of its name.
    if (typeof route === 'string') routes.push(...toRoutes(route, component, read));
  }
  return found;
}

/** `/api/...` leads to `/api` and all below it. */
function toRoutes(route: string, component: string, read: ManifestText): readonly string[] {
  const { base } = ((read.tree as { application?: { trigger?: { http?: { base?: string } } } })
    .application?.trigger?.http ?? {}) as { base?: unknown };
  const path = posix.join('/', typeof base === 'string' ? base : '', route);
  if (path.includes('/:')) {
    return refuse(read, component, `its route "${route}" has parameters, which are not offered`);
  }
  if (path === '/...') return ['/*'];
  if (!path.endsWith('/...')) return [path];
  const prefix = path.slice(0, -'/...'.length);
  return [prefix, `${prefix}/*`];
}

function directoryOf(
  entry: NonNullable<SpinComponent['files']>[number],
  stop: (reason: string) => never,
): { source: string; path: string } {
  if (typeof entry !== 'string') {
    const { source, destination } = entry;
    return { source, path: posix.join('/', destination) };
  }
  const folder = /^([^*?[{]+)\/\*\*(?:\/\*)?$/.exec(entry)?.[1];
  if (folder === undefined || folder.startsWith('..')) {
    return stop(
      `its files "${entry}" are not a whole folder: write { source = "folder", destination = "/path" } or "folder/**"`,
    );
  }
  return { source: folder, path: posix.join('/', folder) };
}

/** Outgoing calls are HTTP alone, to hosts that are written out. */
function hostsOf(
  component: SpinComponent,
  variables: SpinVariables,
  note: (what: string) => void,
): string[] {
  const old = (component.allowed_http_hosts ?? []).map((host) =>
    host === 'insecure:allow-all' ? '*' : host,
  );
  return [...(component.allowed_outbound_hosts ?? []), ...old].flatMap((template) => {
    const host = variables.fill(template).text.replace(/\/$/, '');
    const [, scheme = 'https'] = /^([a-z0-9+.-]+|\*):\/\//i.exec(host) ?? [];
    const isInternal = /:\/\/(self|[^/]*\.spin\.internal)(?::|$)/.test(host);
    if (/^(https?|\*)$/i.test(scheme) && !isInternal) return [host.replace(/^\*:\/\//, '')];
    note(`outgoing calls to "${host}"`);
    return [];
  });
}

function checkKeys(
  component: SpinComponent,
  stop: (reason: string) => never,
  note: (what: string) => void,
): void {
  for (const [key, value] of Object.entries(component)) {
    if (KNOWN.has(key) || isEmpty(value)) continue;
    const reason = REFUSED[key];
    if (reason !== undefined) stop(reason);
    note(`"${key}"`);
  }
}

function otherTriggers({ trigger }: SpinManifest): readonly string[] {
  return Object.keys(trigger)
    .filter((kind) => kind !== 'http')
    .map((kind) => `triggers of the kind "${kind}"`);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function refuse(read: ManifestText, component: string, reason: string): never {
  throw new HostError('spin_unsupported', { component, file: read.file, reason });
}
