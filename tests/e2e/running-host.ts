/**
 * A real host in the process of a test: configuration as from a file, a data directory of its own, free
 * ports. Where signals, exit codes or stdout matter, `host-process.ts` starts one as users do.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import '../support/plain-spawn.ts';
import { loadConfig } from '../../host/config/load-config.ts';
import { openHost } from '../../host/host.ts';
import { silentLog } from '../../host/logs/log.ts';
import { wat } from '../guests/guests.ts';
import { HostClient } from './host-client.ts';

/** How the host is opened. */
export interface HostOptions {
  /** Settings in the shape of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A directory of the test if left out. */
  readonly dataDir?: string;
}

/** A host and a client of it. */
export interface RunningHost extends HostClient {
  readonly dataDir: string;
  /** Closes the host alone: the client stays, with what it waits for. */
  closeHost(): Promise<void>;
  /** Closes both before the test ends. */
  close(): Promise<void>;
}

/** Opens a host that is closed with the test. */
export async function openRunningHost(t: Test, options: HostOptions = {}): Promise<RunningHost> {
  const dataDir = options.dataDir ?? join(t.testdir({}), 'data');
  const config = await loadConfig({
    environment: {},
    overrides: { listen: '127.0.0.1:0', admin: '127.0.0.1:0', ...options.config },
    defaultDataDir: dataDir,
  });
  const host = await openHost({ config, log: silentLog, version: '0.0.0-test' });
  const token = (await readFile(host.tokenFile, 'utf8')).trim();
  const client = new HostClient({ dataUrl: host.dataUrl, adminUrl: host.adminUrl, token });
  const close = async (): Promise<void> => {
    await client[Symbol.asyncDispose]();
    await host.close();
  };
  t.teardown(close);
  return Object.assign(client, { dataDir, close, closeHost: () => host.close() });
}

/** Deploys the function `canary`, by which `assertAlive` sees that the host serves. */
export async function deployCanary(host: HostClient): Promise<void> {
  await host.deploy('canary', await wat('hello'));
}

/** Asserts that the host serves, and that what is deployed is exactly `names` besides the canary. */
export async function assertAlive(
  t: Test,
  host: HostClient,
  names: readonly string[] = [],
): Promise<void> {
  const { status } = await host.call('/canary/');
  t.equal(status, 200, 'the host serves');
  const deployed = (await host.functions()).map(({ name }) => name);
  t.same(deployed, ['canary', ...names].sort(), 'nothing is lost and nothing came by itself');
}
