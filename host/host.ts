/**
 * The composition root: the only place that constructs the parts of a host and connects them. Read it
 * from top to bottom to see what a host is made of; it closes in reverse order.
 */
import { join } from 'node:path';
import { openAdminApi } from './admin/admin-api.ts';
import { openFsArtifactStore } from './artifacts/fs-artifact-store.ts';
import { systemClock } from './base/clock.ts';
import { CloseStack, type Closeable } from './base/closeable.ts';
import { HostError } from './base/errors.ts';
import { endLeftoverWorkers } from './cluster/leftover.ts';
import { schemeOf } from './http/tls-pair.ts';
import { formatBaseUrl } from './config/listen-address.ts';
import type { Config } from './config/schema.ts';
import { openDataSide } from './data-side.ts';
import type { EngineChoice } from './deploy/generate-code.ts';
import { PipelineDeployer } from './deploy/pipeline-deployer.ts';
import type { StrategyChoice } from './instances/start-strategy.ts';
import { createCallFunction } from './invoke/collected-call.ts';
import { parseAllowList } from './invoke/outbound/allow-list.ts';
import { KeyValueHost } from './key-value/key-value-host.ts';
import { GuestLog } from './logs/guest-log.ts';
import type { Log } from './logs/log.ts';
import { PrometheusObserver } from './metrics/prometheus.ts';
import { openSqliteRegistry } from './registry/sqlite-registry.ts';
import { openDataDirectory } from './storage/data-directory.ts';

/** A running host. */
export interface Host extends Closeable {
  /** Base URL of the data plane: `http://127.0.0.1:8080`. */
  readonly dataUrl: string;
  /** Base URL of the admin API. */
  readonly adminUrl: string;
  /** File that holds the first admin token. */
  readonly tokenFile: string;
  /**
   * Replaces the workers one after the other, without a dropped request.
   *
   * @returns How many; 0 if a new supervisor takes over and does it, because release or configuration have changed.
   *
   * @throws {reload_needs_workers} If the host is one process.
   */
  reload(): Promise<number>;
  close(): Promise<void>;
  /** Ends its other processes at once; this one is about to end. */
  endNow(): void;
}

/** How a host of several processes is reloaded when more than its workers must be new. */
export interface Succession {
  /**
   * Whether the release or the configuration has changed since this process was started.
   *
   * @throws {HostError} If the new configuration is not valid.
   */
  isDue(): Promise<boolean>;
  /** Puts a new process in the place of this one, which has let go of everything. */
  begin(): void;
}

/** What a host is opened with. */
export interface HostOptions {
  readonly config: Config;
  readonly log: Log;
  /** Release of the package. */
  readonly version: string;
  /** Engine that artifacts are prepared for; benchmarks and tests force one. Default: `auto`. */
  readonly engine?: EngineChoice;
  /** How instances come back to their initial state; benchmarks and tests force one. Default: `auto`. */
  readonly strategy?: StrategyChoice;
  readonly succession?: Succession;
}

/**
 * Opens a host: takes the data directory, listens, serves what is deployed.
 *
 * @throws {data_directory_locked} If another host uses the data directory.
 * @throws {data_directory_unwritable} If nothing can be written there.
 * @throws {listen_failed} If an address is taken.
 */
export async function openHost({
  config,
  log,
  version,
  engine = 'auto',
  strategy = 'auto',
}: HostOptions): Promise<Host> {
  const stack = new CloseStack();
  try {
    const clock = systemClock;
    const directory = stack.push(await openDataDirectory(config.dataDir));
    await endLeftoverWorkers(directory.path, log);
    const artifacts = stack.push(await openFsArtifactStore(directory.path, { clock }));
    const registry = stack.push(
      await openSqliteRegistry(join(directory.path, 'registry.sqlite'), { clock, log }),
    );
    const guestLog = stack.push(new GuestLog(config.logs.linesPerFunction));
    const keyValue = stack.push(
      new KeyValueHost({ dataDir: directory.path, limits: config.keyValue, clock, log }),
    );
    stack.defer(registry.subscribe((snapshot) => keyValue.follow(snapshot)));
    keyValue.follow(registry.snapshot);
    const dataSide = stack.push(
      await openDataSide({
        config,
        log,
        clock,
        guestLog,
        keyValue,
        strategy,
        createObserver: (sources) =>
          new PrometheusObserver({ ...sources, maxFunctions: config.metrics.maxFunctions, clock }),
      }),
    );
    const { observer } = dataSide;
    const deployer = new PipelineDeployer({
      config,
      artifacts,
      registry,
      observer,
      clock,
      log,
      checkAllowedHosts: (patterns) => void parseAllowList(patterns),
      engine,
    });
    let dataUrl: string | undefined;
    let ready = false;
    const admin = stack.push(
      await openAdminApi({
        config: { ...config, dataDir: directory.path },
        log,
        clock,
        registry,
        artifacts,
        deployer,
        callFunction: createCallFunction(dataSide.invoker),
        describeInstances: async (described) => dataSide.describe(described),
        evict: async (version) => (dataSide.evict(version) ? 1 : 0),
        reload,
        guestLog,
        keyValue,
        observer,
        metrics: observer,
        isReady: () => ready,
        dataUrl: () => dataUrl,
        version,
        engine: 'native, with jco as fallback',
      }),
    );
    dataUrl = formatBaseUrl(await dataSide.serve(registry, deployer), schemeOf(config));
    ready = true;
    // In this order: a deployment's answer is the last to come, and until the last request has its answer
    // whoever asks is told that the host is not ready.
    stack.defer(() => dataSide.close());
    stack.defer(() => {
      ready = false;
      deployer.close();
    });
    return {
      dataUrl,
      adminUrl: admin.address,
      tokenFile: admin.tokenFile,
      reload,
      close: () => stack.close(),
      endNow: () => {},
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

function reload(): Promise<never> {
  return Promise.reject(new HostError('reload_needs_workers'));
}
