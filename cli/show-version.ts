/** A version → the fields that people are shown of it. */
import type { VersionView } from '../host/admin/views.ts';
import { formatDuration, formatSize } from '../host/base/units.ts';

/** Names and values, in the order of interest; what was not given is left out. */
export function showVersion(version: VersionView): readonly (readonly [string, string])[] {
  const { limits, files } = version;
  const grants: readonly (readonly [string, readonly string[]])[] = [
    ['environment', version.environment],
    ['may call', version.allowedHosts],
    ['directories', version.directories],
  ];
  return [
    ['kind', version.kind],
    ['isolation', version.isolation],
    ['memory', formatSize(limits.memoryBytes)],
    ['timeout', formatDuration(limits.timeoutMs)],
    ['concurrency', `${limits.concurrency} at once, ${limits.queue} may wait`],
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

/** A time in UTC, without milliseconds. */
export function showTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '');
}
