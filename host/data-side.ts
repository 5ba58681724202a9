/**
 * Composition of what serves functions: limits, module cache, instances, invoker and data plane. In a host of one
 * process it stands beside the control side (`host.ts`), in a cluster it is a worker (`worker.ts`).
 */
import type { StoredFile } from './artifacts/store.ts';
import type { Clock } from './base/clock.ts';
import { CloseStack, type Closeable } from './base/closeable.ts';
import type { Digest } from './base/ids.ts';
import type { Config } from './config/schema.ts';
import type { ListenAddress } from './config/listen-address.ts';
import type { PreparedArtifact } from './engine/engine.ts';
import { createEngines } from './engine/engines.ts';
import { ModuleCache } from './engine/module-cache.ts';
import { openDataPlane } from './http/data-plane.ts';
import { describeInstances } from './instances/describe-instances.ts';
import type { StrategyChoice } from './instances/start-strategy.ts';
import { VersionInstances } from './instances/version-instances.ts';
import { FunctionInvoker } from './invoke/function-invoker.ts';
import { FunctionQuarantine, type QuarantinedFunction } from './invoke/function-quarantine.ts';
import type { Invoker } from './invoke/invoker.ts';
import { parseAllowList } from './invoke/outbound/allow-list.ts';
import { OutboundClient } from './invoke/outbound/outbound-client.ts';
import { OutboundNetwork } from './invoke/outbound/outbound-network.ts';
import { createGuestGrants } from './invoke/guest-grants.ts';
import type { KeyValueStore } from './key-value/key-value-store.ts';
import { createStartParts } from './invoke/start-parts.ts';
import { TRAP_FRAMES } from './invoke/trap-stack.ts';
import { DeadMemory } from './limits/dead-memory.ts';
import { HostBudget } from './limits/host-budget.ts';
import { IdleCollection } from './limits/idle-collection.ts';
import { YoungCollection } from './limits/young-collection.ts';
import { readMachineLimits } from './limits/machine-limits.ts';
import type { QuotaClient } from './limits/quotas/quota-client.ts';
import type { RunningBoard } from './limits/running-board.ts';
import { Scheduler } from './limits/scheduler.ts';
import type { LineSink } from './logs/guest-line.ts';
import type { Log } from './logs/log.ts';
import type { HostUse } from './metrics/figures.ts';
import type { Observer } from './metrics/observer.ts';
import type { RouteSnapshot, Version } from './registry/model.ts';
import { Router } from './traffic/router.ts';
import { buildSnapshotTree } from './wasi/filesystem/snapshot-tree.ts';
import { wasiInterfaces } from './wasi/interfaces.ts';

/** What is deployed, now and from now on: the registry, or what a worker was told of it. */
export interface RouteFeed {
  readonly snapshot: RouteSnapshot;
  /** Calls `listener` with each new snapshot. Returns the way to stop. */
  subscribe(listener: (snapshot: RouteSnapshot) => void): () => void;
}

/** Where stored bytes come from: the deployer, or a worker's reader. */
export interface ArtifactSource {
  /** @throws {artifact_quarantined} If they are beyond mending. */
  load(artifact: Digest): Promise<PreparedArtifact>;
  /** @throws {artifact_quarantined} If they are beyond mending. */
  openFile(digest: Digest): Promise<StoredFile>;
}

/** What an observer shows besides what it is told of. */
export interface ObservedSources {
  /** Bytes of code in the module cache now. */
  readonly moduleCacheBytes: () => number;
  readonly hostUse: HostUse;
}

/** What the data side works with. */
export interface DataSideParts<O extends Observer> {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly guestLog: LineSink;
  /** All stores of the host. */
  readonly keyValue: KeyValueStore;
  readonly createObserver: (sources: ObservedSources) => O;
  readonly strategy?: StrategyChoice;
  /** Limits that hold over several processes; absent: this is the only one. */
  readonly quotas?: QuotaClient;
  /** Where what runs is shown to a watchdog; absent: there is none. */
  readonly board?: RunningBoard;
}

/** What serves functions. It listens once `serve` was called. */
export interface DataSide<O extends Observer = Observer> extends Closeable {
  readonly observer: O;
  readonly invoker: Invoker;
  /** How the instances of a version are got and why, for people; nothing if it had none lately. */
  describe(version: Version): readonly string[];
  /**
   * Closes the instances of a version, and drops its module.
   *
   * @returns Whether the module was in the cache.
   */
  evict(version: Version): boolean;
  /** Refuses calls of these versions from now on, and of no others. */
  setQuarantine(list: readonly QuarantinedFunction[]): void;
  /**
   * Follows what is deployed, and listens.
   *
   * @param listenFd Descriptor of a bound socket to listen on, instead of `config.listen`.
   * @returns Where it listens.
   * @throws {listen_failed} If the address cannot be had.
   */
  serve(routes: RouteFeed, artifacts: ArtifactSource, listenFd?: number): Promise<ListenAddress>;
  /**
   * Takes no more connections; requests under way have `drainTimeoutMs`.
   *
   * @param idleMs How long idle connections are kept for a request that is on its way: 0 if nobody serves it elsewhere.
   */
  close(idleMs?: number): Promise<void>;
}

/** Makes the parts, with the ticker's thread. */
export async function openDataSide<O extends Observer>(
  parts: DataSideParts<O>,
): Promise<DataSide<O>> {
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, TRAP_FRAMES);
  const stack = new CloseStack();
  try {
    return await compose(parts, stack);
  } catch (error) {
    await stack.close();
    throw error;
  }
}

async function compose<O extends Observer>(
  parts: DataSideParts<O>,
  stack: CloseStack,
): Promise<DataSide<O>> {
  const { config, log, clock, guestLog, keyValue, strategy = 'auto', board, quotas } = parts;
  const quarantine = new FunctionQuarantine();
  let follow = (): void => {};
  let keepIdleMs = 0;
  const source = Promise.withResolvers<ArtifactSource>();
  const budget = openBudget(config, clock, quotas);
  stack.push(IdleCollection.open(clock));
  const scheduler = stack.push(
    await Scheduler.open({ clock, ...(board === undefined ? {} : { board }) }),
  );
  const observer = parts.createObserver({
    moduleCacheBytes: () => modules.bytes,
    hostUse: budget,
  });
  const modules: ModuleCache = stack.push(
    new ModuleCache({
      maxBytes: config.cache.moduleBytes,
      engine: createEngines(wasiInterfaces),
      read: async (artifact) => (await source.promise).load(artifact),
      clock,
      observer,
    }),
  );
  const network = new OutboundNetwork({ clock });
  const openRuntime: InvokerParts['openRuntime'] = (live) => {
    const tree = buildSnapshotTree(live.settings.files, live.settings.directories, async (digest) =>
      (await source.promise).openFile(digest),
    );
    const { preopens } = tree;
    const grants = createGuestGrants(live, keyValue);
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
        ...(quotas === undefined ? {} : { quotas }),
        startParts: () =>
          createStartParts({ version: live, guestLog, clock, preopens, outgoingHttp, grants }),
      }),
      preopens,
      closePreopens: () => tree.close(),
      outgoingHttp,
      grants,
    };
  };
  const youngCollection = YoungCollection.open();
  const invoker = stack.push(
    new FunctionInvoker({
      clock,
      log,
      observer,
      guestLog,
      openRuntime,
      quarantine,
      onColdStart: () => youngCollection.coldStartEnded(),
      ...(quotas === undefined ? {} : { openRate: (key, limits) => quotas.openRate(key, limits) }),
    }),
  );
  return {
    observer,
    invoker,
    describe: (version) => {
      const figures = invoker.describe(version);
      return figures === undefined ? [] : describeInstances(figures);
    },
    evict: (version) => {
      invoker.dropInstances(version);
      return modules.drop(version.artifact);
    },
    setQuarantine: (list) => {
      quarantine.replace(list);
      follow();
    },
    serve: async (routes, artifacts, listenFd) => {
      source.resolve(artifacts);
      let router = new Router(routes.snapshot, config.domain);
      stack.defer(
        routes.subscribe((snapshot) => {
          router = new Router(snapshot, config.domain);
          invoker.follow(snapshot);
        }),
      );
      follow = () => invoker.follow(routes.snapshot);
      follow();
      const dataPlane = await openDataPlane({
        config,
        log,
        clock,
        invoker,
        router: () => router,
        ...(listenFd === undefined ? {} : { listenFd }),
      });
      stack.defer(() => dataPlane.close(config.drainTimeoutMs, keepIdleMs));
      return dataPlane.address;
    },
    close: (idleMs = 0) => {
      keepIdleMs = idleMs;
      return stack.close();
    },
  };
}

type InvokerParts = ConstructorParameters<typeof FunctionInvoker>[0];

function openBudget(config: Config, clock: Clock, quotas: QuotaClient | undefined): HostBudget {
  const machine = readMachineLimits();
  const deadMemory = DeadMemory.open(clock);
  const memoryBytes = config.limits.memoryBytes ?? machine.memoryBytes;
  return new HostBudget({
    onClosed: (bytes) => deadMemory.add(bytes),
    ...machine,
    ...(quotas === undefined ? {} : { lease: quotas.openMemory(memoryBytes) }),
    memoryBytes,
    mappings: config.limits.mappings ?? machine.mappings,
    clock,
  });
}
