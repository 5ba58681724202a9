/** A manifest → what `faas deploy` sends: the settings that the admin API takes, and the folders to take along. */
import { resolve } from 'node:path';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import { parseDuration, parseSize } from '../../host/base/units.ts';
import type { KeyValueGrant } from '../../host/registry/model.ts';
import type { LocalDeployment } from '../deploy-to-host.ts';
import type { LoadedManifest } from './load-manifest.ts';
import type { Manifest } from './manifest-schema.ts';

/** Variables of the process, from which secrets are taken. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes the deployment of a manifest.
 *
 * @param given Names of secrets that come from elsewhere: their variables may be unset.
 * @throws {variable_unset} If the variable of a secret is not set.
 */
export function deploymentOf(
  loaded: LoadedManifest,
  environment: Environment,
  given: ReadonlySet<string> = new Set(),
): LocalDeployment {
  const { manifest, folder } = loaded;
  return {
    name: parseFunctionName(manifest.name),
    path: artifactOf(loaded),
    directories: (manifest.directories ?? []).map(({ source, path }) => ({
      hostPath: resolve(folder, source),
      guestPath: path.replace(/(?<=.)\/+$/, ''),
    })),
    settings: {
      limits: limitsOf(manifest),
      isolation: manifest.isolation,
      instances: instancesOf(manifest),
      budget: {
        requestsPerSecond: manifest.budget?.requests_per_second,
        cpuMsPerMinute: milliseconds(manifest.budget?.cpu_per_minute),
      },
      serverTiming: manifest.server_timing,
      environment: Object.entries(manifest.environment ?? {}),
      config: Object.entries(manifest.config ?? {}),
      secrets: secretsOf(manifest, environment, given),
      keyValue: (manifest.key_value ?? []).map(storeOf),
      allowedHosts: manifest.allowed_hosts ?? [],
      routes: (manifest.routes ?? []).map((route) =>
        typeof route === 'string' ? route : `${route.host ?? ''}${route.path}`,
      ),
    },
  };
}

/** Absolute path of the component. */
export function artifactOf({ manifest, folder }: LoadedManifest): string {
  return resolve(folder, manifest.source ?? manifest.build?.artifact ?? '');
}

function limitsOf({ limits = {} }: Manifest): Record<string, number | undefined> {
  return {
    memoryBytes: bytes(limits.memory),
    timeoutMs: milliseconds(limits.timeout),
    cpuMs: milliseconds(limits.cpu),
    concurrency: limits.concurrency,
    queue: limits.queue,
    requestBodyBytes: bytes(limits.request_body),
    responseBodyBytes: bytes(limits.response_body),
    logBytes: bytes(limits.log),
  };
}

function instancesOf({ instances = {} }: Manifest): Record<string, unknown> {
  return {
    min: instances.min,
    max: instances.max,
    reuseCount: instances.reuse_count,
    concurrentReuseCount: instances.concurrent_reuse_count,
    maxAgeMs: milliseconds(instances.max_age),
    idleTimeoutMs: milliseconds(instances.idle_timeout),
    snapshot: instances.snapshot,
  };
}

function secretsOf(
  { secrets = {} }: Manifest,
  environment: Environment,
  given: ReadonlySet<string>,
): readonly (readonly [string, string])[] {
  return Object.entries(secrets).flatMap(([name, { env }]) => {
    if (given.has(name)) return [];
    const value = environment[env];
    if (value === undefined) throw new HostError('variable_unset', { name, variable: env });
    return [[name, value] as const];
  });
}

function storeOf(store: NonNullable<Manifest['key_value']>[number]): KeyValueGrant {
  if (typeof store === 'string') return { label: store };
  const { label, shared } = store;
  return shared === undefined ? { label } : { label, shared };
}

function bytes(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseSize(text);
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.ceil(parseDuration(text));
}
