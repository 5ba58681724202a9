/**
 * The composition root: the only place that constructs the parts of a host and connects them. Read it
 * from top to bottom to see what a host is made of; it closes in reverse order.
 */
import { join } from 'node:path';
import { openAdminApi } from './admin/admin-api.ts';
import { openFsArtifactStore } from './artifacts/fs-artifact-store.ts';
import { systemClock } from './base/clock.ts';
import { CloseStack, type Closeable } from './base/closeable.ts';
import { formatBaseUrl } from './config/listen-address.ts';
import type { Config } from './config/schema.ts';
import type { EngineChoice } from './deploy/generate-code.ts';
import { PipelineDeployer } from './deploy/pipeline-deployer.ts';
import { createEngines } from './engine/engines.ts';
import { ModuleCache } from './engine/module-cache.ts';
import { openDataPlane } from './http/data-plane.ts';
import { describeInstances } from './instances/describe-instances.ts';
import type { StrategyChoice } from './instances/start-strategy.ts';
import { VersionInstances } from './instances/version-instances.ts';
import { FunctionInvoker } from './invoke/function-invoker.ts';
import { parseAllowList } from './invoke/outbound/allow-list.ts';
import { OutboundClient } from './invoke/outbound/outbound-client.ts';
import { OutboundNetwork } from './invoke/outbound/outbound-network.ts';
import { createStartParts } from './invoke/start-parts.ts';
import { DeadMemory } from './limits/dead-memory.ts';
import { HostBudget } from './limits/host-budget.ts';
import { readMachineLimits } from './limits/machine-limits.ts';
import { Scheduler } from './limits/scheduler.ts';
import { GuestLog } from './logs/guest-log.ts';
import type { Log } from './logs/log.ts';
import { PrometheusObserver } from './metrics/prometheus.ts';
import { openSqliteRegistry } from './registry/sqlite-registry.ts';
import type { Version } from './registry/model.ts';
import { openDataDirectory } from './storage/data-directory.ts';
import { Router } from './traffic/router.ts';
import { buildSnapshotTree } from './wasi/filesystem/snapshot-tree.ts';
import { wasiInterfaces } from './wasi/interfaces.ts';

/** A running host. */
export interface Host extends Closeable {
  /** Base URL of the data plane: `http://127.0.0.1:8080`. */
  readonly dataUrl: string;
  /** Base URL of the admin API. */
  readonly adminUrl: string;
  /** File that holds the first admin token. */
  readonly tokenFile: string;
  close(): Promise<void>;
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
    const artifacts = stack.push(await openFsArtifactStore(directory.path, { clock }));
    const registry = stack.push(
      await openSqliteRegistry(join(directory.path, 'registry.sqlite'), { clock, log }),
    );
    const machine = readMachineLimits();
    const deadMemory = DeadMemory.open(clock);
    const budget = new HostBudget({
      onClosed: (bytes) => deadMemory.add(bytes),
      ...machine,
      memoryBytes: config.limits.memoryBytes ?? machine.memoryBytes,
      mappings: config.limits.mappings ?? machine.mappings,
      clock,
    });
    const scheduler = stack.push(await Scheduler.open({ clock }));
    const observer = new PrometheusObserver({
      maxFunctions: config.metrics.maxFunctions,
      clock,
      moduleCacheBytes: () => modules.bytes,
      hostUse: budget,
    });
    const guestLog = stack.push(new GuestLog(config.logs.linesPerFunction));
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
    const modules: ModuleCache = stack.push(
      new ModuleCache({
        maxBytes: config.cache.moduleBytes,
        engine: createEngines(wasiInterfaces),
        read: (artifact) => deployer.load(artifact),
        clock,
        observer,
      }),
    );
    const network = new OutboundNetwork({ clock });
    const openRuntime = (live: Version): ReturnType<FunctionInvokerRuntime> => {
      const tree = buildSnapshotTree(live.settings.files, live.settings.directories, (digest) =>
        deployer.openFile(digest),
      );
      const { preopens } = tree;
      const outgoingHttp = new OutboundClient(parseAllowList(live.settings.allowedHosts), network);
      return {
        instances: new VersionInstances(live, {
          scheduler,
          coldAllowanceMs: config.limits.coldAllowanceMs,
          modules,
          clock,
          observer,
          budget,
          strategy,
          startParts: () =>
            createStartParts({ version: live, guestLog, clock, preopens, outgoingHttp }),
        }),
        preopens,
        closePreopens: () => tree.close(),
        outgoingHttp,
      };
    };
    const invoker = stack.push(
      new FunctionInvoker({ clock, log, observer, guestLog, openRuntime }),
    );

    let router = new Router(registry.snapshot, config.domain);
    stack.defer(
      registry.subscribe((snapshot) => {
        router = new Router(snapshot, config.domain);
        invoker.follow(snapshot);
      }),
    );
    invoker.follow(registry.snapshot);
    const dataPlane = stack.push(
      await openDataPlane({ config, log, clock, invoker, router: () => router }),
    );
    const dataUrl = formatBaseUrl(dataPlane.address);
    let ready = false;
    const admin = stack.push(
      await openAdminApi({
        config: { ...config, dataDir: directory.path },
        log,
        clock,
        registry,
        artifacts,
        deployer,
        invoker,
        describeInstances: (described) => {
          const figures = invoker.describe(described);
          return figures === undefined ? [] : describeInstances(figures);
        },
        guestLog,
        observer,
        metrics: observer,
        isReady: () => ready,
        dataUrl: () => dataUrl,
        version,
        engine: 'native, with jco as fallback',
      }),
    );
    ready = true;
    stack.defer(() => {
      ready = false;
    });
    // First of all: the admin API waits for its answers, and a deployment's is the last to come.
    stack.defer(() => deployer.close());
    return {
      dataUrl,
      adminUrl: admin.address,
      tokenFile: admin.tokenFile,
      close: () => stack.close(),
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

type FunctionInvokerRuntime = ConstructorParameters<typeof FunctionInvoker>[0]['openRuntime'];
