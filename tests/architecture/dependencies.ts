/** Which package may be imported where: each outside dependency is known to as few files as possible. */
import { importedPackages, type SourceFile } from './source-files.ts';

/** Package → beginnings of the paths of the files that may import it. */
export const HOMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['@bytecodealliance/jco-transpile', ['host/deploy/']],
  ['@bytecodealliance/preview2-shim', ['host/wasi/random/']],
  ['commander', ['cli/']],
  ['fastify', ['host/http/', 'host/admin/']],
  ['lru-cache', ['host/engine/module-cache.ts']],
  ['node:sqlite', ['host/registry/', 'host/key-value/', 'host/storage/directory-lock.ts']],
  ['pino', ['host/logs/log.ts']],
  ['pino-pretty', ['host/logs/log.ts']],
  ['prom-client', ['host/metrics/process-metrics.ts']],
  ['undici', ['host/invoke/outbound/', 'cli/api-client.ts']],
  ['smol-toml', ['cli/manifest/']],
  [
    'zod',
    [
      'host/config/',
      'host/admin/',
      'host/cluster/',
      'host/limits/quotas/',
      'host/metrics/',
      'cli/manifest/',
      'cli/output/',
    ],
  ],
]);

/** Imports of packages outside their homes, and of packages that have none. */
export function findStrays(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) =>
    importedPackages(file)
      .filter((name) => HOMES.has(name) || !name.startsWith('node:'))
      .filter((name) => !(HOMES.get(name) ?? []).some((home) => file.path.startsWith(home)))
      .map((name) => `${file.path} imports ${name}`),
  );
}
