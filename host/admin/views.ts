/**
 * Records of the registry → what the admin API shows. Values of environment variables and of the
 * configuration are left out: they are often secrets, and whoever may look is not always who may deploy.
 */
import type {
  FunctionBudget,
  FunctionRecord,
  InstanceSettings,
  KeyValueGrant,
  Route,
  Version,
  VersionLimits,
} from '../registry/model.ts';
import type { TokenRecord } from '../registry/registry.ts';

/** A version as the API shows it. */
export interface VersionView {
  readonly function: string;
  readonly version: number;
  readonly live: boolean;
  readonly kind: string;
  readonly artifact: string;
  readonly artifactBytes: number;
  readonly isolation: string;
  readonly limits: VersionLimits;
  readonly instances: InstanceSettings;
  readonly budget: FunctionBudget;
  readonly serverTiming: boolean;
  /** Names only. */
  readonly environment: readonly string[];
  /** Names only; so are the secrets. */
  readonly config: readonly string[];
  readonly secrets: readonly string[];
  readonly keyValue: readonly KeyValueGrant[];
  readonly allowedHosts: readonly string[];
  readonly directories: readonly string[];
  readonly files: { readonly count: number; readonly bytes: number };
  readonly createdMs: number;
  /** Id of a token. */
  readonly createdBy: string;
}

/** A function as the API shows it. */
export interface FunctionView {
  readonly name: string;
  readonly live: VersionView;
  readonly routes: readonly Route[];
  /** Where it answers; the first one is the best to try. */
  readonly urls: readonly string[];
  readonly createdMs: number;
  readonly updatedMs: number;
}

/**
 * A function with what deploy found out about its live version (`engine native, 57.0 KiB prepared`), and how its
 * instances are got and why.
 */
export interface FunctionDetails extends FunctionView {
  readonly findings: readonly string[];
}

/** What came of asking that a function runs again. */
export interface ResumeView {
  readonly name: string;
  /** False if it was not in quarantine. */
  readonly resumed: boolean;
}

/** What came of evicting a function. */
export interface EvictView {
  readonly name: string;
  /** How many processes had its module in their cache. */
  readonly modules: number;
}

/** A token as the API shows it: never its secret, not even hashed. */
export type TokenView = Omit<TokenRecord, 'secretHash'>;

/** Shows a version. */
export function viewVersion(version: Version, liveNumber: number | undefined): VersionView {
  const { settings } = version;
  return {
    function: version.function,
    version: version.number,
    live: version.number === liveNumber,
    kind: version.kind,
    artifact: version.artifact,
    artifactBytes: version.artifactBytes,
    isolation: settings.isolation,
    limits: settings.limits,
    instances: settings.instances,
    budget: settings.budget,
    serverTiming: settings.serverTiming,
    environment: settings.environment.map(([name]) => name),
    config: settings.config.map(([name]) => name),
    secrets: settings.secrets.map(([name]) => name),
    keyValue: settings.keyValue,
    allowedHosts: settings.allowedHosts,
    directories: settings.directories,
    files: {
      count: settings.files.length,
      bytes: settings.files.reduce((sum, file) => sum + file.size, 0),
    },
    createdMs: version.createdMs,
    createdBy: version.createdBy,
  };
}

/** Shows a function. */
export function viewFunction(record: FunctionRecord, urls: readonly string[]): FunctionView {
  return {
    name: record.name,
    live: viewVersion(record.live, record.live.number),
    routes: record.routes,
    urls,
    createdMs: record.createdMs,
    updatedMs: record.updatedMs,
  };
}

/** Shows a token. */
export function viewToken({ id, name, scopes, createdMs }: TokenRecord): TokenView {
  return { id, name, scopes, createdMs };
}

/** What a reload came to. */
export interface ReloadView {
  /** Workers that were replaced; 0 if a new supervisor takes over and will do so. */
  readonly workers: number;
  readonly ms: number;
}
