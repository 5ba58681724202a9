/**
 * A host without ways in: real store, registry, deployer, module cache and invoker on a directory of the
 * test, so that functions can be deployed and called without a socket.
 */
import { join } from 'node:path';
import type { Test } from 'tap';
import '../support/plain-spawn.ts';
import { openFsArtifactStore } from '../../host/artifacts/fs-artifact-store.ts';
import { systemClock } from '../../host/base/clock.ts';
import type { Closeable } from '../../host/base/closeable.ts';
import {
  createRequestId,
  DEFAULT_NAMESPACE,
  parseFunctionName,
  type Digest,
  type RequestId,
} from '../../host/base/ids.ts';
import { configSchema, type Config } from '../../host/config/schema.ts';
import type { DeployRequest } from '../../host/deploy/deployer.ts';
import type { EngineChoice } from '../../host/deploy/generate-code.ts';
import { PipelineDeployer } from '../../host/deploy/pipeline-deployer.ts';
import type { PreparedArtifact } from '../../host/engine/engine.ts';
import { createEngines } from '../../host/engine/engines.ts';
import { ModuleCache } from '../../host/engine/module-cache.ts';
import type { StrategyChoice } from '../../host/instances/start-strategy.ts';
import { VersionInstances, type InstancesFigures } from '../../host/instances/version-instances.ts';
import {
  FunctionQuarantine,
  type QuarantinedFunction,
} from '../../host/invoke/function-quarantine.ts';
import { FunctionInvoker } from '../../host/invoke/function-invoker.ts';
import type { InvocationResult } from '../../host/invoke/invoker.ts';
import { SignalCaller } from '../../host/invoke/signal-caller.ts';
import { createGuestGrants } from '../../host/invoke/guest-grants.ts';
import { createStartParts } from '../../host/invoke/start-parts.ts';
import type { HostBudget } from '../../host/limits/host-budget.ts';
import { RunningBoard } from '../../host/limits/running-board.ts';
import { Scheduler } from '../../host/limits/scheduler.ts';
import { GuestLog } from '../../host/logs/guest-log.ts';
import { silentLog } from '../../host/logs/log.ts';
import { silentObserver, type Observer } from '../../host/metrics/observer.ts';
import type { FunctionRecord, RouteSnapshot } from '../../host/registry/model.ts';
import type { Registry } from '../../host/registry/registry.ts';
import { openSqliteRegistry } from '../../host/registry/sqlite-registry.ts';
import { buildSnapshotTree } from '../../host/wasi/filesystem/snapshot-tree.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import {
  HttpFailure,
  type ByteSink,
  type ByteSource,
  type Field,
  type HttpResponder,
  type OutgoingHttp,
} from '../../host/wasi/ports.ts';
import { openDirectStore } from '../key-value/direct-store.ts';

/** What a call came to. */
export interface Called {
  readonly requestId: RequestId;
  readonly result: InvocationResult;
  /** Undefined if nothing was begun. */
  readonly status: number | undefined;
  readonly headers: readonly Field[];
  readonly body: string;
  readonly ended: boolean;
  readonly aborted: string | undefined;
  readonly trailers: readonly Field[] | undefined;
}

/** How a function is called. */
export interface CallOptions {
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array | ByteSource;
  readonly signal?: AbortSignal;
}

/** Reads what was prepared. */
export type LoadPrepared = (digest: Digest) => Promise<PreparedArtifact>;

/** A host without ways in. */
export interface Harness {
  readonly guestLog: GuestLog;
  readonly modules: ModuleCache;
  readonly registry: Registry;
  readonly deployer: PipelineDeployer;
  /** Shows whose guest runs. */
  readonly board: RunningBoard;
  deploy(
    name: string,
    bytes: Uint8Array,
    settings?: Partial<DeployRequest>,
  ): Promise<FunctionRecord>;
  call(record: FunctionRecord, path: string, options?: CallOptions): Promise<Called>;
  /** Puts these functions into quarantine, and no others. */
  quarantine(...functions: readonly QuarantinedFunction[]): void;
  /** Serves what a snapshot says instead of what was deployed. */
  follow(snapshot: RouteSnapshot): void;
  /** How its instances are got, and how many there are. */
  describe(record: FunctionRecord): InstancesFigures | undefined;
}

const encoder = new TextEncoder();

/** Opens one; it is closed with the test. */
export async function openHarness(
  t: Test,
  options: {
    readonly config?: object;
    readonly observer?: Observer;
    /** Which engine everything is prepared for; absent: the one the host would take. */
    readonly engine?: EngineChoice;
    /** How instances come back to their initial state; absent: what costs less. */
    readonly strategy?: StrategyChoice;
    readonly outgoingHttp?: OutgoingHttp;
    /** What instances take of the host; absent: nothing is counted. */
    readonly budget?: HostBudget;
    /** Changes what deployments have prepared before it is loaded. */
    readonly alter?: (digest: Digest, load: LoadPrepared) => Promise<PreparedArtifact>;
  } = {},
): Promise<Harness> {
  const directory = t.testdir();
  const observer = options.observer ?? silentObserver;
  const config: Config = configSchema.parse({ dataDir: directory, ...options.config });
  const clock = systemClock;
  const artifacts = await openFsArtifactStore(directory, { clock });
  const registry = await openSqliteRegistry(join(directory, 'registry.sqlite'), {
    clock,
    log: silentLog,
  });
  const board = new RunningBoard();
  const scheduler = await Scheduler.open({ clock, board });
  const quarantine = new FunctionQuarantine();
  const guestLog = new GuestLog(1000);
  const deployer = new PipelineDeployer({
    config,
    artifacts,
    registry,
    observer,
    clock,
    log: silentLog,
    checkAllowedHosts: () => {},
    engine: options.engine ?? 'auto',
  });
  const modules = new ModuleCache({
    maxBytes: config.cache.moduleBytes,
    engine: createEngines(wasiInterfaces),
    read: (digest) => {
      const load: LoadPrepared = (of) => deployer.load(of);
      return options.alter?.(digest, load) ?? load(digest);
    },
    clock,
    observer,
  });
  const { port: keyValue } = openDirectStore();
  const invoker = new FunctionInvoker({
    clock,
    log: silentLog,
    observer,
    guestLog,
    quarantine,
    openRuntime: (version) => {
      const { files, directories } = version.settings;
      const tree = buildSnapshotTree(files, directories, (digest) => artifacts.openFile(digest));
      const { preopens } = tree;
      const grants = createGuestGrants(version, keyValue);
      const outgoing = options.outgoingHttp ?? { send: denyOutgoing };
      const outgoingHttp: OutgoingHttp & Closeable = {
        send: (request) => outgoing.send(request),
        close: () => {},
      };
      return {
        instances: new VersionInstances(version, {
          scheduler,
          coldAllowanceMs: config.limits.coldAllowanceMs,
          modules,
          clock,
          observer,
          strategy: options.strategy ?? 'auto',
          ...(options.budget === undefined ? {} : { budget: options.budget }),
          startParts: () =>
            createStartParts({ version, guestLog, clock, preopens, outgoingHttp, grants }),
        }),
        preopens,
        closePreopens: () => tree.close(),
        outgoingHttp,
        grants,
      };
    },
  });
  registry.subscribe((snapshot) => invoker.follow(snapshot));
  t.teardown(async () => {
    await invoker.close();
    modules.close();
    await scheduler.close();
    await registry.close();
    await artifacts.close();
  });
  return {
    guestLog,
    modules,
    registry,
    deployer,
    board,
    deploy: async (name, bytes, settings = {}) => {
      const { digest } = await artifacts.put(oneChunk(bytes), 2 ** 30, undefined);
      const request: DeployRequest = {
        namespace: DEFAULT_NAMESPACE,
        function: parseFunctionName(name),
        artifact: digest,
        limits: {},
        isolation: 'request',
        environment: [],
        allowedHosts: [],
        directories: [],
        files: [],
        routes: [],
        ...settings,
      };
      await deployer.deploy(request, 'test', () => {});
      const record = registry.snapshot.functions.get(request.function);
      if (record === undefined) throw new Error('deployed and not in the snapshot');
      return record;
    },
    call: (record, path, callOptions = {}) => callInvoker(invoker, record, path, callOptions),
    quarantine: (...functions) => {
      quarantine.replace(functions);
      invoker.follow(registry.snapshot);
    },
    follow: (snapshot) => invoker.follow(snapshot),
    describe: (record) => invoker.describe(record.live),
  };
}

async function callInvoker(
  invoker: FunctionInvoker,
  record: FunctionRecord,
  path: string,
  options: CallOptions,
): Promise<Called> {
  const responder = new RecordingResponder();
  const requestId = createRequestId();
  const body = typeof options.body === 'string' ? encoder.encode(options.body) : options.body;
  const result = await invoker.handle(
    record,
    {
      method: options.method ?? 'GET',
      scheme: 'http',
      authority: 'app.localhost',
      pathWithQuery: path,
      headers: (options.headers ?? []).map(([name, value]): Field => [name, encoder.encode(value)]),
      body:
        body === undefined || body instanceof Uint8Array
          ? new BufferSource(body ?? new Uint8Array(0))
          : body,
      trailers: () => Promise.resolve(undefined),
    },
    responder,
    {
      requestId,
      trigger: 'http',
      clientAddress: '127.0.0.1',
      pathPrefix: '',
      caller: new SignalCaller(options.signal ?? new AbortController().signal),
    },
  );
  return { requestId, result, ...responder.recorded() };
}

class RecordingResponder implements HttpResponder {
  #status: number | undefined;
  #headers: readonly Field[] = [];
  #sink = new CollectSink({ limitBytes: 2 ** 30, beyond: 'fail' });
  #ended = false;
  #aborted: string | undefined;
  #trailers: readonly Field[] | undefined;

  begin(status: number, headers: readonly Field[]): ByteSink {
    this.#status = status;
    this.#headers = headers;
    return this.#sink;
  }

  end(trailers: readonly Field[] | undefined): void {
    this.#ended = true;
    this.#trailers = trailers;
  }

  abort(reason: string): void {
    this.#aborted = reason;
  }

  recorded(): Omit<Called, 'result' | 'requestId'> {
    return {
      status: this.#status,
      headers: this.#headers,
      body: new TextDecoder().decode(this.#sink.bytes()),
      ended: this.#ended,
      aborted: this.#aborted,
      trailers: this.#trailers,
    };
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function denyOutgoing(): never {
  throw new HttpFailure({ tag: 'HTTP-request-denied' });
}
