/**
 * A worker as a process: `node worker.ts ID RELEASE DATA_DIRECTORY SOCKET`, with the bound socket as descriptor 3. It gets the
 * configuration and the routes from the supervisor, gives up the rights it needs no more, and serves until it is told to
 * drain. Without a supervisor it goes on with what it knows.
 */
import { randomUUID } from 'node:crypto';
import { openArtifactReader } from './artifacts/artifact-reader.ts';
import { systemClock } from './base/clock.ts';
import { HostError, toHostError } from './base/errors.ts';
import { dropRights } from './cluster/drop-rights.ts';
import { ForwardedLog } from './cluster/forwarded-log.ts';
import { LISTEN_FD } from './cluster/launcher.ts';
import type { RouteChange, RouteState } from './cluster/route-changes.ts';
import { SupervisorLink } from './cluster/supervisor-link.ts';
import { WatchdogThread } from './cluster/watchdog/watchdog-thread.ts';
import { WorkerArtifacts } from './cluster/worker-artifacts.ts';
import { fromWireCall, toWireResult } from './cluster/wire-call.ts';
import { configDigest, type Welcome, type WireCall } from './cluster/worker-messages.ts';
import { WorkerRoutes } from './cluster/worker-routes.ts';
import type { Config } from './config/schema.ts';
import { openDataSide, type DataSide } from './data-side.ts';
import { createCallFunction, type CallFunction } from './invoke/collected-call.ts';
import type { QuarantinedFunction } from './invoke/function-quarantine.ts';
import { QuotaClient } from './limits/quotas/quota-client.ts';
import type { AuthorityQuotaMessage } from './limits/quotas/quota-messages.ts';
import { KeyValueClient } from './key-value/key-value-client.ts';
import { keyValueSocketPath } from './key-value/socket-path.ts';
import { RunningBoard } from './limits/running-board.ts';
import type { RpcHandler } from './links/rpc-link.ts';
import { openLog, silentLog, type Log } from './logs/log.ts';
import type { DumpRequest, MetricsDump } from './metrics/metrics-dump.ts';
import { WorkerObserver } from './metrics/worker-observer.ts';
import type { FunctionRecord } from './registry/model.ts';

/** How long what is said last may take. */
const FAREWELL_MS = 2000;

type WorkerSide = DataSide<WorkerObserver>;

class Worker {
  readonly #id: string;
  readonly #release: string;
  readonly #dataDirectory: string;
  readonly #socketPath: string;
  readonly #routes = new WorkerRoutes();
  readonly #guestLog = new ForwardedLog((batch, ms) => this.#call('log.lines', batch, ms));
  /** Of calls of `faas invoke` under way, by request id. */
  readonly #callers = new Map<string, AbortController>();
  readonly #board = new RunningBoard();
  readonly #quotas = new QuotaClient({
    clock: systemClock,
    soon: (task) => void setImmediate(task),
  });
  #quarantined: readonly QuarantinedFunction[] = [];
  #log: Log = silentLog;
  #link: SupervisorLink | undefined;
  #dataSide: WorkerSide | undefined;
  #callFunction: CallFunction | undefined;
  #watchdog: WatchdogThread | undefined;
  #configDigest: string | undefined;
  #isReady = false;
  #ending: Promise<void> | undefined;

  constructor(id: string, release: string, dataDirectory: string, socketPath: string) {
    this.#id = id;
    this.#release = release;
    this.#dataDirectory = dataDirectory;
    this.#socketPath = socketPath;
  }

  /** Serves. Resolves when it does. */
  async start(): Promise<void> {
    const first = Promise.withResolvers<Config>();
    this.#link = await SupervisorLink.open({
      socketPath: this.#socketPath,
      hello: () => ({
        worker: this.#id,
        pid: process.pid,
        release: this.#release,
        epoch: this.#routes.snapshot.epoch,
        ready: this.#isReady,
        ...(this.#configDigest === undefined ? {} : { config: this.#configDigest }),
      }),
      onWelcome: (welcome, link) => {
        this.#handleWelcome(welcome, link);
        first.resolve(welcome.config);
      },
      onLost: () => this.#quotas.disconnect(),
      handlers: this.#handlers(),
      log: () => this.#log,
    });
    const config = await first.promise;
    this.#configDigest = configDigest(config);
    this.#log = openLog(config.logLevel, false).child({ worker: this.#id });
    const { dataSide, artifacts } = await this.#openParts(config);
    this.#dataSide = dataSide;
    this.#callFunction = createCallFunction(dataSide.invoker);
    this.#watchdog = await WatchdogThread.open({
      board: this.#board,
      watchdogMs: config.watchdogMs,
      worker: this.#id,
      socketPath: this.#socketPath,
      log: this.#log,
    });
    dropRights();
    await dataSide.serve(this.#routes, artifacts, LISTEN_FD);
    this.#isReady = true;
    this.#link.notify('worker.ready', {});
  }

  /** Finishes what is under way, says what is left to say, and resolves. */
  drain(idleMs = 0): Promise<void> {
    this.#ending ??= this.#drain(idleMs);
    return this.#ending;
  }

  async #openParts(config: Config): Promise<{ dataSide: WorkerSide; artifacts: WorkerArtifacts }> {
    const dataSide = await openDataSide({
      config,
      log: this.#log,
      clock: systemClock,
      guestLog: this.#guestLog,
      keyValue: this.#keyValue(config),
      board: this.#board,
      quotas: this.#quotas,
      createObserver: (sources) => new WorkerObserver({ ...sources, run: randomUUID() }),
    });
    dataSide.setQuarantine(this.#quarantined);
    const artifacts = new WorkerArtifacts({
      store: openArtifactReader(this.#dataDirectory, systemClock),
      call: (method, params, timeoutMs) => this.#call(method, params, timeoutMs),
      timeoutMs: config.deploy.timeoutMs + FAREWELL_MS,
    });
    return { dataSide, artifacts };
  }

  #keyValue({ keyValue: limits }: Config): KeyValueClient {
    return new KeyValueClient({ path: keyValueSocketPath(this.#dataDirectory), limits });
  }

  #handleWelcome({ routes, quarantined }: Welcome, link: SupervisorLink): void {
    this.#setQuarantine(quarantined);
    if (routes !== undefined) this.#routes.replace(routes);
    void this.#guestLog.flush();
    this.#quotas.connect((messages) => link.notify('quotas', messages));
  }

  #setQuarantine(list: readonly QuarantinedFunction[]): void {
    this.#quarantined = list;
    this.#dataSide?.setQuarantine(list);
  }

  #handlers(): Readonly<Record<string, RpcHandler>> {
    return {
      'routes.replace': (state) => this.#routes.replace(state as RouteState),
      'routes.apply': (change) => this.#routes.apply(change as RouteChange),
      'worker.drain': (params) => void this.drain((params as { idleMs: number }).idleMs).then(exit),
      'quarantine.replace': (list) => this.#setQuarantine(list as readonly QuarantinedFunction[]),
      'metrics.dump': (request) => this.#dumpMetrics(request as DumpRequest),
      quotas: (messages) => this.#quotas.receive(messages as readonly AuthorityQuotaMessage[]),
      'function.call': (call) => this.#callForOperator(call as WireCall),
      'function.cancel': (params) =>
        this.#callers.get((params as { requestId: string }).requestId)?.abort(),
      'function.evict': (params) =>
        this.#dataSide?.evict(this.#recordOf((params as { function: string }).function).live) ??
        false,
      'function.describe': (params) => this.#describe(params as { function: string }),
    };
  }

  async #callForOperator(call: WireCall): Promise<unknown> {
    if (this.#callFunction === undefined) throw new HostError('no_worker');
    const left = new AbortController();
    this.#callers.set(call.requestId, left);
    try {
      const record = this.#recordOf(call.function);
      const result = await this.#callFunction(record, fromWireCall(call), left.signal);
      // Whoever asked reads what was logged as soon as there is an answer.
      await this.#guestLog.flush();
      return toWireResult(result);
    } finally {
      this.#callers.delete(call.requestId);
    }
  }

  #dumpMetrics(request: DumpRequest): Promise<MetricsDump> {
    if (this.#dataSide === undefined) throw new HostError('no_worker');
    return this.#dataSide.observer.dump(request);
  }

  #describe({ function: name }: { function: string }): readonly string[] {
    return this.#dataSide?.describe(this.#recordOf(name).live) ?? [];
  }

  #recordOf(name: string): FunctionRecord {
    const record = this.#routes.snapshot.functions.get(name as FunctionRecord['name']);
    if (record === undefined) throw new HostError('unknown_function', { name });
    return record;
  }

  #call(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#link === undefined) return Promise.reject(new HostError('link_lost', { method }));
    return this.#link.call(method, params, timeoutMs);
  }

  /** What was counted since the supervisor has last asked. */
  async #sayFigures(): Promise<void> {
    await this.#dataSide?.observer.flush(
      async (page) => (await this.#call('metrics.page', page, FAREWELL_MS)) as DumpRequest,
    );
  }

  async #drain(idleMs: number): Promise<void> {
    await this.#dataSide?.close(idleMs);
    await this.#guestLog.flush();
    await this.#sayFigures().catch((err: unknown) => this.#log.warn({ err }, 'figures are lost'));
    this.#quotas.close();
    this.#link?.close();
    await this.#watchdog?.close();
  }
}

function exit(): void {
  process.exit(0);
}

const [, , id = '', release = '', dataDirectory = '', socketPath = ''] = process.argv;
const worker = new Worker(id, release, dataDirectory, socketPath);
// Whoever read what is said here may be gone; that must end nobody.
process.stderr.on('error', () => {});
process.on('SIGTERM', () => void worker.drain().then(exit));
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
worker.start().catch((error: unknown) => {
  const { code, message } = toHostError(error);
  process.stderr.write(`error: ${id} cannot serve: ${message} (${code})\n`);
  process.exit(1);
});
