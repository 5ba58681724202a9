/**
 * Composition of a host of several processes: the control side is here, the data sides are workers, and the launcher
 * holds the socket they listen on. Whatever of them ends, the others go on.
 */
import { dirname, join } from 'node:path';
import { openAdminApi } from './admin/admin-api.ts';
import { openFsArtifactStore } from './artifacts/fs-artifact-store.ts';
import { systemClock } from './base/clock.ts';
import { CloseStack } from './base/closeable.ts';
import type { FunctionName } from './base/ids.ts';
import { BlameBook } from './cluster/watchdog/blame-book.ts';
import { Cluster } from './cluster/cluster.ts';
import { describeSchema } from './cluster/worker-messages.ts';
import { publishedRegistry } from './cluster/published-registry.ts';
import { openRunDirectory } from './cluster/run-directory.ts';
import { fromWireResult, toWireCall } from './cluster/wire-call.ts';
import type { Config } from './config/schema.ts';
import { checkTlsPair, readTlsFiles, schemeOf, tlsFilesOf } from './http/tls-pair.ts';
import { formatBaseUrl } from './config/listen-address.ts';
import { PipelineDeployer } from './deploy/pipeline-deployer.ts';
import type { Host, HostOptions } from './host.ts';
import type { CallFunction } from './invoke/collected-call.ts';
import { parseAllowList } from './invoke/outbound/allow-list.ts';
import { readMachineLimits } from './limits/machine-limits.ts';
import { KeyValueHost } from './key-value/key-value-host.ts';
import { GuestLog } from './logs/guest-log.ts';
import { ClusterMetrics } from './metrics/cluster-metrics.ts';
import { openSqliteRegistry } from './registry/sqlite-registry.ts';
import { openDataDirectory } from './storage/data-directory.ts';

/** How long a worker has for a call of `faas invoke` beyond the function's own time limit. */
const CALL_SLACK_MS = 10_000;
const DESCRIBE_MS = 1000;

/**
 * Opens the host with `workers` worker processes; those that an earlier supervisor has left are taken over.
 *
 * @throws {data_directory_locked} If another host uses the data directory.
 * @throws {data_directory_unwritable} If nothing can be written there.
 * @throws {listen_failed} If an address is taken.
 * @throws {worker_failed} If a worker cannot be started.
 */
export async function openSupervisor(options: HostOptions, workers: number): Promise<Host> {
  const stack = new CloseStack();
  try {
    return await compose(options, workers, stack);
  } catch (error) {
    await stack.close();
    throw error;
  }
}

async function compose(
  { config: given, log, version, succession }: HostOptions,
  workers: number,
  stack: CloseStack,
): Promise<Host> {
  const clock = systemClock;
  await checkTls(given);
  const directory = stack.push(await openDataDirectory(given.dataDir));
  const memoryBytes = given.limits.memoryBytes ?? readMachineLimits().memoryBytes;
  // Workers are told the same: memory is lent to them out of it.
  const config = { ...given, dataDir: directory.path, limits: { ...given.limits, memoryBytes } };
  const artifacts = stack.push(await openFsArtifactStore(directory.path, { clock }));
  const inner = stack.push(
    await openSqliteRegistry(join(directory.path, 'registry.sqlite'), { clock, log }),
  );
  const guestLog = stack.push(new GuestLog(config.logs.linesPerFunction));
  const metrics = stack.push(
    new ClusterMetrics({
      maxFunctions: config.metrics.maxFunctions,
      clock,
      memoryBytes,
      isDeployed: (name) => inner.snapshot.functions.has(name as FunctionName),
      workers: () => cluster.fleet.counts(),
      functionsQuarantined: () => blame.quarantined.length,
      launcherResidentBytes: () => cluster.launcherResidentBytes(),
      onFailed: (worker, err) => log.warn({ worker, err }, 'a worker does not tell its figures'),
    }),
  );
  const { observer } = metrics;
  const keyValue = stack.push(
    new KeyValueHost({ dataDir: directory.path, limits: config.keyValue, clock, log }),
  );
  stack.defer(inner.subscribe((snapshot) => keyValue.follow(snapshot)));
  keyValue.follow(inner.snapshot);
  const registry = publishedRegistry(inner, (snapshot) => cluster.publish(snapshot));
  const deployer = new PipelineDeployer({
    config,
    artifacts,
    registry,
    observer,
    clock,
    log,
    checkAllowedHosts: (patterns) => void parseAllowList(patterns),
  });
  const blame = stack.push(
    await BlameBook.open({
      dataDirectory: directory.path,
      clock,
      log,
      snapshot: inner.snapshot,
      onChange: (list) => cluster.fleet.notify('quarantine.replace', list),
    }),
  );
  stack.defer(inner.subscribe((snapshot) => blame.follow(snapshot)));
  const cluster: Cluster = new Cluster({
    config,
    workers,
    release: version,
    run: openRunDirectory(directory.path),
    readable: [config.tls.cert, config.tls.key].flatMap((path) =>
      path === undefined ? [] : [path, join(dirname(path), '*')],
    ),
    clock,
    log,
    registry,
    blame,
    metrics,
    guestLog,
    artifacts,
    deployer,
  });
  const callFunction: CallFunction = async (record, call, signal) => {
    signal.throwIfAborted();
    const timeoutMs = record.live.settings.limits.timeoutMs + CALL_SLACK_MS;
    const peer = cluster.fleet.pick();
    const cancel = (): void => peer.notify('function.cancel', { requestId: call.requestId });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return fromWireResult(
        await peer.call('function.call', toWireCall(record.name, call), timeoutMs),
      );
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
  const leave = async (): Promise<void> => {
    cluster.leave();
    await stack.close();
    succession?.begin();
  };
  const reload = async (): Promise<number> => {
    if (succession === undefined || !(await succession.isDue())) return cluster.fleet.reload();
    log.info('release or configuration have changed: a new supervisor takes over');
    // Whoever asked gets an answer first: the admin API waits for it when it closes.
    setImmediate(() => {
      leave().catch((err: unknown) => log.fatal({ err }, 'cannot hand over'));
    });
    return 0;
  };
  let dataUrl: string | undefined;
  let isClosing = false;
  const admin = stack.push(
    await openAdminApi({
      config,
      log,
      clock,
      registry,
      artifacts,
      deployer,
      callFunction,
      quarantine: blame,
      describeInstances: async ({ function: name }) => {
        const peers = cluster.fleet.peers.filter(({ state }) => state === 'ready');
        const lines = await Promise.all(
          peers.map(async (peer) => {
            const told = await peer.call('function.describe', { function: name }, DESCRIBE_MS);
            return describeSchema.parse(told).map((line) => `${peer.id}: ${line}`);
          }),
        );
        return lines.flat();
      },
      evict: async ({ function: name }) => {
        const peers = cluster.fleet.peers.filter(({ state }) => state === 'ready');
        const dropped = await Promise.all(
          peers.map((peer) => peer.call('function.evict', { function: name }, DESCRIBE_MS)),
        );
        return dropped.filter((it) => it === true).length;
      },
      reload,
      guestLog,
      keyValue,
      observer,
      metrics,
      isReady: () => !isClosing && cluster.fleet.counts().ready > 0,
      dataUrl: () => dataUrl,
      version,
      engine: 'native, with jco as fallback',
    }),
  );
  stack.push(cluster);
  dataUrl = formatBaseUrl(await cluster.start(), schemeOf(config));
  stack.defer(() => {
    isClosing = true;
    deployer.close();
  });
  return {
    dataUrl,
    adminUrl: admin.address,
    tokenFile: admin.tokenFile,
    reload,
    close: () => stack.close(),
    endNow: () => cluster.endNow(),
  };
}

/** A pair that is no good ends the start here, and not that of each worker. */
async function checkTls({ tls }: Config): Promise<void> {
  const files = tlsFilesOf(tls);
  if (files !== undefined) checkTlsPair(await readTlsFiles(files), files);
}
