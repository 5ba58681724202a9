/**
 * A data directory with thousands of functions, all of the same component. They are written into the registry while no
 * host uses it: deploying each would measure deployments.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../host/base/clock.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import { silentLog } from '../../host/logs/log.ts';
import type { RouteSnapshot } from '../../host/registry/model.ts';
import { openSqliteRegistry } from '../../host/registry/sqlite-registry.ts';
import { BenchHost } from './bench-host.ts';
import type { Example } from './examples.ts';
import { openTemporaryDirectory } from './temporary-directory.ts';

/** Commits that wait for one another's sync. */
const AT_ONCE = 50;
/** Time for what a start leaves to do, ms. */
const SETTLE_MS = 1000;

/** Name of the function with a number. */
export function nameOf(index: number): string {
  return `f${index}`;
}

/** Path of the route that each function has besides its name, without what follows. */
export function routeOf(index: number): string {
  return `/routes/${nameOf(index)}`;
}

/** Deploys the first function on an empty data directory. */
export async function deployFirst(dataDir: string, example: Example): Promise<void> {
  await using host = await BenchHost.open({ dataDir });
  await host.deploy(nameOf(0), example);
}

/**
 * Adds functions until there are `count`.
 *
 * @returns What is deployed then.
 */
export async function fillRegistry(dataDir: string, count: number): Promise<RouteSnapshot> {
  const path = join(dataDir, 'registry.sqlite');
  const registry = await openSqliteRegistry(path, { clock: systemClock, log: silentLog });
  try {
    const first = registry.snapshot.functions.get(parseFunctionName(nameOf(0)));
    if (first === undefined) throw new Error('Cannot add functions: the first one is missing');
    const { namespace, artifact, artifactBytes, prepared, kind, settings } = first.live;
    const commit = async (index: number): Promise<void> => {
      const name = parseFunctionName(nameOf(index));
      const routes = [{ host: '*', path: `${routeOf(index)}/*` }];
      const version = { namespace, artifact, artifactBytes, prepared, kind, settings, routes };
      await registry.commitVersion({ ...version, function: name }, 'benchmark');
    };
    for (let from = registry.snapshot.functions.size; from < count; from += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - from);
      await Promise.all(Array.from({ length: size }, (_, index) => commit(from + index)));
    }
    return registry.snapshot;
  } finally {
    await registry.close();
  }
}

/**
 * Measures what a function takes of a host that is deployed and never called.
 *
 * @param read Memory of all processes of a host; null where the system does not tell.
 */
export async function measureDeployed(
  example: Example,
  count: number,
  read: (host: BenchHost) => { readonly pssBytes: number } | null,
): Promise<{ readonly count: number; readonly bytesEach: number | null }> {
  const directory = await openTemporaryDirectory();
  try {
    const dataDir = join(directory.path, 'data');
    await deployFirst(dataDir, example);
    const measure = async (): Promise<number | undefined> => {
      await using host = await BenchHost.open({ dataDir });
      await delay(SETTLE_MS);
      return read(host)?.pssBytes;
    };
    const before = await measure();
    await fillRegistry(dataDir, count);
    const after = await measure();
    const isKnown = before !== undefined && after !== undefined;
    return { count, bytesEach: isKnown ? (after - before) / (count - 1) : null };
  } finally {
    await directory.close();
  }
}
