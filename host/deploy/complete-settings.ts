/**
 * What a deployment asks for and the host's defaults → all settings of a version, none left out. Settings
 * that contradict each other are refused; a default gives way to what was asked for.
 */
import { HostError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import type { InstanceSettings, VersionLimits, VersionSettings } from '../registry/model.ts';
import { DEFAULT_CONCURRENT_REUSE, DEFAULT_INSTANCES } from '../registry/stored-settings.ts';
import type { DeployRequest } from './deployer.ts';

/**
 * Completes the settings of a deployment.
 *
 * @throws {invalid_settings} If two of them contradict each other.
 */
export function completeSettings(
  request: DeployRequest,
  defaults: Config['defaults'],
): VersionSettings {
  const limits = completeLimits(request, defaults);
  const { concurrentReuseCount = 1 } = request.instances ?? {};
  if (concurrentReuseCount > 1 && request.isolation !== 'reuse') {
    refuse('instances.concurrentReuseCount', 'it is for isolation "reuse"');
  }
  return {
    limits,
    isolation: request.isolation,
    instances: completeInstances(request.instances ?? {}, limits.concurrency),
    budget: request.budget ?? {},
    serverTiming: request.serverTiming ?? false,
    environment: request.environment,
    config: request.config ?? [],
    secrets: request.secrets ?? [],
    keyValue: request.keyValue ?? [],
    allowedHosts: request.allowedHosts,
    directories: request.directories,
    files: request.files,
  };
}

/**
 * Completes what depends on the component: how often its instances are used, and by how many at once.
 *
 * @param given As it was asked for.
 * @param takesSeveral Whether several calls may be under way in one instance.
 * @throws {concurrent_reuse_needs_async} If several were asked for, and it takes one.
 */
export function completeReuse(
  settings: VersionSettings,
  given: Partial<InstanceSettings>,
  takesSeveral: boolean,
): VersionSettings {
  if (settings.isolation !== 'reuse') return settings;
  const count = settings.instances.concurrentReuseCount;
  if (takesSeveral) {
    const instances = { ...settings.instances, ...DEFAULT_CONCURRENT_REUSE, ...given };
    const { min, max } = settings.instances;
    return { ...settings, instances: { ...instances, min, max } };
  }
  if (count > 1) throw new HostError('concurrent_reuse_needs_async', { count });
  return settings;
}

function completeLimits(request: DeployRequest, defaults: Config['defaults']): VersionLimits {
  const given = request.limits;
  const timeoutMs = given.timeoutMs ?? defaults.timeoutMs;
  const maxInstances = request.instances?.max ?? Infinity;
  if (given.cpuMs !== undefined && given.cpuMs > timeoutMs) {
    refuse('limits.cpuMs', `it is more than the timeout, ${timeoutMs} ms`);
  }
  if (given.concurrency !== undefined && given.concurrency > maxInstances) {
    refuse('instances.max', `it is less than the concurrency, ${given.concurrency}`);
  }
  return {
    ...defaults,
    ...given,
    cpuMs: given.cpuMs ?? Math.min(defaults.cpuMs, timeoutMs),
    concurrency: given.concurrency ?? Math.min(defaults.concurrency, maxInstances),
  };
}

function completeInstances(
  given: Partial<InstanceSettings>,
  concurrency: number,
): InstanceSettings {
  const min = given.min ?? DEFAULT_INSTANCES.min;
  const max = given.max ?? Math.max(concurrency, min);
  if (min > max) refuse('instances.min', `it is more than the maximum, ${max}`);
  return { ...DEFAULT_INSTANCES, ...given, min, max };
}

function refuse(key: string, reason: string): never {
  throw new HostError('invalid_settings', { key, reason });
}
