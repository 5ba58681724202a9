/**
 * Records of the registry → what the admin API shows. Values of environment variables and of the
 * configuration are left out: they are often secrets, and whoever may look is not always who may deploy.
 */
import type { z } from 'zod';
import type { FunctionRecord, Version } from '../registry/model.ts';
import type { TokenRecord } from '../registry/registry.ts';
import type * as schema from './api/view-schemas.ts';

/** A version as the API shows it. */
export type VersionView = z.output<typeof schema.versionView>;
/** A function as the API shows it. */
export type FunctionView = z.output<typeof schema.functionView>;
/** A function with what deploy found out about its live version, and how its instances are got and why. */
export type FunctionDetails = z.output<typeof schema.functionDetails>;
/** What a deployment came to. */
export type DeployResultView = z.output<typeof schema.deployResult>;
/** An invocation. */
export type InvocationView = z.output<typeof schema.invocationView>;
/** A log line, or how many were lost; a followed log begins with neither. */
export type LogEventView = z.output<typeof schema.logEvent>;
/** A line that a guest has written, or the host about it. */
export type LineView = z.output<typeof schema.lineView>;
/** What a reload came to. */
export type ReloadView = z.output<typeof schema.reloadView>;
/** A token as the API shows it. */
export type TokenView = z.output<typeof schema.tokenView>;

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
