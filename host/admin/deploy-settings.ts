/**
 * The JSON of a deployment → a `DeployRequest`, validated strictly: what a client sends is all that
 * stands between it and the registry.
 */
import { z } from 'zod';
import { HostError } from '../base/errors.ts';
import { DEFAULT_NAMESPACE, type Digest, type FunctionName } from '../base/ids.ts';
import { findNearest } from '../base/nearest.ts';
import type { Config } from '../config/schema.ts';
import type { DeployRequest } from '../deploy/deployer.ts';
import { STORE_LABEL } from '../key-value/store-names.ts';
import type { KeyValueGrant, VersionSettings } from '../registry/model.ts';
import { checkSnapshot, isGuestPath } from './check-snapshot.ts';
import { readRoutes } from './check-routes.ts';

const MAX_TEXT = 32 * 1024;
const MAX_VARIABLES = 256;
const MAX_HOSTS = 256;
const MAX_STORES = 64;
const MAX_DIRECTORIES = 64;
const MAX_ROUTES = 64;
const HOUR_MS = 3_600_000;
const MAX_CPU_MS = HOUR_MS;
/** More than any machine has memory mappings for. */
const MAX_INSTANCES = 1_000_000;
/** The asynchronous ABI has no more tasks in one instance. */
const MAX_CONCURRENT_REUSE = 1000;
/** Timers hold no more: 2³¹ − 1 ms is some 24 days. */
const MAX_LIFE_MS = 24 * 24 * HOUR_MS;
/** 60 processors at work all the time. */
const MAX_CPU_MS_PER_MINUTE = HOUR_MS;

const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const positive = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'it is not a sha256 digest')
  .transform((text) => text as Digest);
const guestPath = z
  .string()
  .max(4096)
  .refine(isGuestPath, 'it is not an absolute path without "." and ".."');
const noNul = (text: string): boolean => !text.includes('\0');

const storeLabel = z
  .string()
  .regex(STORE_LABEL, 'it is not 1 to 64 of letters, digits, "_", "." and "-"');

/** Names with values. Messages about them name no value: it may be a secret. */
const variables = (badName: string): z.ZodDefault<z.ZodArray<typeof variable>> => {
  const variable = z.tuple([
    z.string().regex(/^[^=\0]{1,255}$/, badName),
    z.string().max(MAX_TEXT).refine(noNul, 'it has a NUL character'),
  ]);
  return z.array(variable).max(MAX_VARIABLES).default([]);
};

const limitsSchema = z.strictObject({
  memoryBytes: positive.optional(),
  timeoutMs: positive.optional(),
  cpuMs: positive.max(MAX_CPU_MS).optional(),
  concurrency: positive.optional(),
  queue: bytes.optional(),
  requestBodyBytes: bytes.optional(),
  responseBodyBytes: bytes.optional(),
  logBytes: bytes.optional(),
});

const instancesSchema = z.strictObject({
  min: bytes.max(MAX_INSTANCES).optional(),
  max: positive.max(MAX_INSTANCES).optional(),
  reuseCount: positive.optional(),
  concurrentReuseCount: positive.max(MAX_CONCURRENT_REUSE).optional(),
  maxAgeMs: positive.max(MAX_LIFE_MS).optional(),
  idleTimeoutMs: positive.max(MAX_LIFE_MS).optional(),
  snapshot: z.enum(['auto', 'shared-seed', 'never']).optional(),
});

const budgetSchema = z.strictObject({
  requestsPerSecond: z.number().min(0.01).max(1_000_000).optional(),
  cpuMsPerMinute: positive.max(MAX_CPU_MS_PER_MINUTE).optional(),
});

/** Body of a deployment. */
export const deploySettings = z.strictObject({
  artifact: digest,
  limits: limitsSchema.default({}),
  isolation: z.enum(['request', 'reuse']).default('request'),
  instances: instancesSchema.default({}),
  budget: budgetSchema.default({}),
  serverTiming: z.boolean().default(false),
  environment: variables('it is not the name of an environment variable'),
  config: variables('it is not the name of a configuration value'),
  secrets: variables('it is not the name of a secret'),
  keyValue: z
    .array(z.strictObject({ label: storeLabel, shared: storeLabel.optional() }))
    .max(MAX_STORES)
    .default([]),
  allowedHosts: z
    .array(z.string().regex(/^\S{1,255}$/, 'it is not a host, host:port or range'))
    .max(MAX_HOSTS)
    .default([]),
  directories: z.array(guestPath).max(MAX_DIRECTORIES).default([]),
  files: z
    .array(z.strictObject({ path: guestPath, digest, size: bytes, modifiedMs: z.number().min(0) }))
    .default([]),
  routes: z.array(z.string().max(2048)).max(MAX_ROUTES).default([]),
});

/** What a client sends. */
export type DeploySettings = z.input<typeof deploySettings>;

/**
 * Reads and checks the settings of a deployment.
 *
 * @throws {invalid_settings} If a key is unknown or a value is not what it must be.
 * @throws {invalid_route} If a route cannot be one.
 * @throws {artifact_too_large} If the files are more than a snapshot may have.
 */
export function parseDeploySettings(
  body: unknown,
  name: FunctionName,
  config: Pick<Config, 'deploy' | 'domain'>,
): DeployRequest {
  const result = deploySettings.safeParse(body);
  if (!result.success) throw settingsError(result.error.issues[0]);
  const { limits, instances, budget, directories, files, routes, keyValue, ...rest } = result.data;
  checkVariables(rest);
  checkUnique(
    'keyValue',
    keyValue.map(({ label }) => label),
  );
  checkSnapshot(directories, files, config.deploy);
  return {
    ...rest,
    namespace: DEFAULT_NAMESPACE,
    function: name,
    limits: presentOnly(limits),
    instances: presentOnly(instances),
    budget: presentOnly(budget),
    keyValue: keyValue.map((grant) => presentOnly(grant) as KeyValueGrant),
    directories,
    files,
    routes: readRoutes(routes, name, config.domain),
  };
}

/**
 * Checks the names of variables against each other, and how many there are.
 *
 * @throws {invalid_settings} If one is there twice, or there are too many.
 */
export function checkVariables({
  environment,
  config,
  secrets,
}: Pick<VersionSettings, 'environment' | 'config' | 'secrets'>): void {
  checkUnique('environment', environment.map(nameOf));
  checkUnique('config', config.map(nameOf));
  // The guest has one list of both.
  checkUnique('secrets', [...secrets, ...config].map(nameOf));
  for (const [key, { length }] of Object.entries({ environment, config, secrets })) {
    if (length <= MAX_VARIABLES) continue;
    throw new HostError('invalid_settings', {
      key,
      reason: `it has more than ${MAX_VARIABLES} names`,
    });
  }
}

function nameOf([name]: readonly [name: string, value: string]): string {
  return name;
}

function checkUnique(key: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new HostError('invalid_settings', { key, reason: `it names "${twice}" twice` });
}

/** Leaves out what is undefined, so that it does not hide a default. */
function presentOnly<T extends object>(
  given: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

/** Keys at the top, or in one of the objects. */
function knownKeys(group: string | undefined): readonly string[] {
  const groups: Readonly<Record<string, { readonly shape: object }>> = {
    limits: limitsSchema,
    instances: instancesSchema,
    budget: budgetSchema,
  };
  const { shape } = (group === undefined ? deploySettings : groups[group]) ?? { shape: {} };
  return Object.keys(shape);
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function settingsError(issue: Issue | undefined): HostError {
  const path = (issue?.path ?? []).map(String);
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys?.[0] : undefined;
  if (unknown !== undefined) {
    const nearest = findNearest(unknown, knownKeys(path[0]));
    const hint = nearest === undefined ? '' : `; the nearest is "${nearest}"`;
    const key = [...path, unknown.slice(0, 80)].join('.');
    return new HostError('invalid_settings', { key, reason: `there is no such setting${hint}` });
  }
  const key = path.length === 0 ? 'settings' : path.join('.');
  return new HostError('invalid_settings', { key, reason: issue?.message ?? 'it is invalid' });
}
