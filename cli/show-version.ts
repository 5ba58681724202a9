/** A version → the fields that people are shown of it. */
import type { VersionView } from '../host/admin/views.ts';
import { formatDuration, formatSize } from '../host/base/units.ts';
import type { FunctionBudget, InstanceSettings } from '../host/registry/model.ts';

/** Names and values, in the order of interest; what was not given is left out. */
export function showVersion(version: VersionView): readonly (readonly [string, string])[] {
  const { limits, files } = version;
  const grants: readonly (readonly [string, readonly string[]])[] = [
    ['environment', version.environment],
    ['config', version.config],
    ['secrets', version.secrets],
    ['key-value stores', version.keyValue.map(showStore)],
    ['may call', version.allowedHosts],
    ['directories', version.directories],
  ];
  return [
    ['kind', version.kind],
    ['isolation', version.isolation],
    ['memory', formatSize(limits.memoryBytes)],
    ['timeout', formatDuration(limits.timeoutMs)],
    ['cpu', formatDuration(limits.cpuMs)],
    ['concurrency', `${limits.concurrency} at once, ${limits.queue} may wait`],
    ...showInstances(version.instances, version.isolation === 'reuse'),
    ...showBudget(version.budget),
    ...(version.serverTiming ? [['server timing', 'in every reply'] as const] : []),
    ...grants
      .filter(([, values]) => values.length > 0)
      .map(([name, values]) => [name, values.join(', ')] as const),
    ...(files.count === 0
      ? []
      : [['files', `${files.count} (${formatSize(files.bytes)})`] as const]),
    ['artifact', `${version.artifact} (${formatSize(version.artifactBytes)})`],
    ['deployed', `${showTime(version.createdMs)} by token ${version.createdBy}`],
  ];
}

/** The limits of a version on one line, for a table. */
export function showLimits({ limits, instances }: VersionView): string {
  const { memoryBytes, timeoutMs, cpuMs } = limits;
  const times = `${formatDuration(timeoutMs)}, cpu ${formatDuration(cpuMs)}`;
  return `${formatSize(memoryBytes)}, ${times}, ${instances.min} to ${instances.max} instances`;
}

type Fields = readonly (readonly [string, string])[];

function showInstances(instances: InstanceSettings, isReused: boolean): Fields {
  const { min, max, reuseCount, concurrentReuseCount, maxAgeMs, idleTimeoutMs, snapshot } =
    instances;
  const age = formatDuration(maxAgeMs);
  return [
    ['instances', `${min} to ${max}; closed after ${formatDuration(idleTimeoutMs)} without use`],
    ['replaced', isReused ? `after ${reuseCount} invocations or ${age}` : `after ${age}`],
    ...(concurrentReuseCount > 1
      ? [['shared', `by up to ${concurrentReuseCount} invocations at once`] as const]
      : []),
    ['snapshot', snapshot],
  ];
}

function showBudget({ requestsPerSecond, cpuMsPerMinute }: FunctionBudget): Fields {
  const parts = [
    ...(requestsPerSecond === undefined ? [] : [`${requestsPerSecond} requests/s`]),
    ...(cpuMsPerMinute === undefined ? [] : [`${formatDuration(cpuMsPerMinute)} of CPU a minute`]),
  ];
  return parts.length === 0 ? [] : [['budget', parts.join(', ')]];
}

function showStore({ label, shared }: VersionView['keyValue'][0]): string {
  return shared === undefined ? label : `${label} (@${shared})`;
}

/** A time in UTC, without milliseconds. */
export function showTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '');
}
