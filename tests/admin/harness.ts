/**
 * A real admin API on port 0 over the real registry and artifact store, for the tests of the API and
 * of the command line. Preparing and running components is not its business, so deployer and invoker are small
 * implementations of their ports: the deployer takes bytes that begin like wasm and commits them to the registry, the
 * invoker answers with what it was asked.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { openAdminApi } from '../../host/admin/admin-api.ts';
import { openFsArtifactStore } from '../../host/artifacts/fs-artifact-store.ts';
import type { ArtifactStore } from '../../host/artifacts/store.ts';
import { systemClock } from '../../host/base/clock.ts';
import { CloseStack } from '../../host/base/closeable.ts';
import { HostError } from '../../host/base/errors.ts';
import { loadConfig } from '../../host/config/load-config.ts';
import type { Config } from '../../host/config/schema.ts';
import { completeSettings } from '../../host/deploy/complete-settings.ts';
import type {
  Deployer,
  DeployRequest,
  DeployResult,
  DeployStep,
} from '../../host/deploy/deployer.ts';
import type { QuarantinedFunction } from '../../host/invoke/function-quarantine.ts';
import type { InvocationResult, Invoker } from '../../host/invoke/invoker.ts';
import { createCallFunction } from '../../host/invoke/collected-call.ts';
import { GuestLog } from '../../host/logs/guest-log.ts';
import { silentLog } from '../../host/logs/log.ts';
import { silentObserver } from '../../host/metrics/observer.ts';
import type { KeyValueStore } from '../../host/key-value/key-value-store.ts';
import { openSqliteRegistry } from '../../host/registry/sqlite-registry.ts';
import type { Registry } from '../../host/registry/registry.ts';
import { openDirectStore } from '../key-value/direct-store.ts';

/** Bytes that the deployer takes. */
export const WASM = Buffer.from('\0asm\x0d\0\x01\0 a component', 'latin1');
/** Bytes that it refuses before its first step, and after it. */
export const NOT_WASM = Buffer.from('hello');
export const BAD_WASM = Buffer.from('\0asm broken', 'latin1');

/** A running API. */
export interface AdminHarness {
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  readonly guestLog: GuestLog;
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly keyValue: KeyValueStore;
  readonly forgotten: string[];
  /** Functions in quarantine, by name. */
  readonly quarantined: Map<string, QuarantinedFunction>;
  /** Functions that were evicted, in order. */
  readonly evicted: string[];
  readonly readiness: { ready: boolean };
  /** Sends a request with the token, unless `headers` says otherwise. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Uploads and deploys. */
  deploy(name: string, bytes?: Uint8Array, settings?: object): Promise<Answer>;
  close(): Promise<void>;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON, or undefined. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever comes back
  readonly json: any;
  /** The text as JSON lines. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever comes back
  readonly lines: () => any[];
}

/** Opens an API that is closed at the end of the test. */
export async function openHarness(
  t: Test,
  overrides: Readonly<Record<string, unknown>> = {},
  dataDir = join(t.testdir({}), 'data'),
): Promise<AdminHarness> {
  await mkdir(dataDir, { recursive: true });
  const config = await loadConfig({
    environment: {},
    overrides: { admin: '127.0.0.1:0', logLevel: 'fatal', ...overrides },
    defaultDataDir: dataDir,
  });
  const stack = new CloseStack();
  t.teardown(() => stack.close());
  const clock = systemClock;
  // Nothing is protected from collection, so that tests see it happen.
  const artifacts = stack.push(await openFsArtifactStore(dataDir, { clock, graceMs: 0 }));
  const registry = stack.push(
    await openSqliteRegistry(join(dataDir, 'registry.sqlite'), { clock, log: silentLog }),
  );
  const guestLog = stack.push(new GuestLog(config.logs.linesPerFunction));
  const { port: keyValue } = openDirectStore();
  const forgotten: string[] = [];
  const quarantined = new Map<string, QuarantinedFunction>();
  const evicted: string[] = [];
  const readiness = { ready: true };
  const api = stack.push(
    await openAdminApi({
      config,
      log: silentLog,
      clock,
      registry,
      artifacts,
      deployer: createDeployer(registry, artifacts, config),
      callFunction: createCallFunction(createInvoker(guestLog)),
      describeInstances: async () => [],
      quarantine: {
        get: (name) => quarantined.get(name),
        lift: async (name) => quarantined.delete(name),
      },
      reload: async () => 2,
      evict: async ({ function: name }) => {
        evicted.push(name);
        return 1;
      },
      keyValue,
      guestLog,
      observer: { ...silentObserver, forget: (name) => forgotten.push(name) },
      metrics: { render: async () => '# metrics\n', contentType: 'text/plain; version=0.0.4' },
      isReady: () => readiness.ready,
      dataUrl: () => 'http://127.0.0.1:8080',
      version: '0.0.0-test',
      engine: 'none',
    }),
  );
  const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
  const call: AdminHarness['call'] = (method, path, body, headers = {}) =>
    send(api.address + path, method, body, { authorization: `Bearer ${token}`, ...headers });
  return {
    url: api.address,
    token,
    dataDir,
    guestLog,
    registry,
    artifacts,
    keyValue,
    forgotten,
    quarantined,
    evicted,
    readiness,
    call,
    deploy: async (name, bytes = WASM, settings = {}) => {
      const { digest } = await artifacts.put(one(bytes), 1e6, undefined);
      return call('POST', `/v1/functions/${name}/versions`, { artifact: digest, ...settings });
    },
    close: () => stack.close(),
  };
}

/** Sends one request: an object as JSON, bytes as they are. */
export async function send(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const raw = body instanceof Uint8Array || typeof body === 'string';
  const type = raw ? 'application/octet-stream' : 'application/json';
  const answer = await fetch(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': type, ...headers },
    ...(body === undefined ? {} : { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: parse(text),
    lines: () => text.trimEnd().split('\n').map(parse),
  };
}

export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const FINDINGS = ['imports wasi:http/types@0.2.3'];

function createDeployer(registry: Registry, artifacts: ArtifactStore, config: Config): Deployer {
  return {
    async deploy(
      request: DeployRequest,
      by: string,
      onStep: (step: DeployStep) => void,
    ): Promise<DeployResult> {
      const settings = completeSettings(request, config.defaults);
      const bytes = await artifacts.load(request.artifact);
      if (bytes[0] !== 0) throw new HostError('not_wasm', { looksLike: 'text', hint: 'Build it' });
      onStep({ step: 'read', ms: 0.1, detail: `${bytes.length} bytes` });
      if (bytes.length < WASM.length) throw new HostError('engine_failed', { reason: 'broken' });
      const committed = await registry.commitVersion(
        {
          namespace: request.namespace,
          function: request.function,
          artifact: request.artifact,
          artifactBytes: bytes.length,
          prepared: request.artifact,
          kind: 'http',
          settings,
          routes: request.routes,
          ...(request.expectedLive === undefined ? {} : { expectedLive: request.expectedLive }),
        },
        by,
      );
      onStep({ step: 'activate', ms: 2, detail: `version ${committed.version.number}` });
      return {
        version: committed.version,
        result: committed.created ? 'created' : 'unchanged',
        kind: 'http',
        findings: FINDINGS,
      };
    },
    loadFindings: () => Promise.resolve(FINDINGS),
  };
}

/** Path `/fail` traps, `/half` breaks off after a piece of the body; everything else is shown as JSON. */
function createInvoker(guestLog: GuestLog): Invoker {
  return {
    async handle(record, request, responder, context): Promise<InvocationResult> {
      const { name } = record;
      const { requestId } = context;
      const version = record.live.number;
      const line = { atMs: 0, function: name, version, requestId, stream: 'stderr' } as const;
      guestLog.append({ ...line, text: 'called \x1b[2J' });
      const { pathWithQuery, method, authority } = request;
      if (pathWithQuery === '/fail') {
        const error = new HostError('guest_trapped', { name, reason: 'unreachable' });
        return { outcome: 'trap', error, start: 'warm' };
      }
      const chunks: Uint8Array[] = [];
      for (let chunk = request.body.take(1000); chunk instanceof Uint8Array;) {
        chunks.push(chunk);
        chunk = request.body.take(1000);
      }
      const sink = responder.begin(200, [['content-type', Buffer.from('application/json')]]);
      const headers = request.headers.map(([key, value]) => [key, Buffer.from(value).toString()]);
      const body = Buffer.concat(chunks).toString();
      sink.write(Buffer.from(JSON.stringify({ method, authority, pathWithQuery, headers, body })));
      if (pathWithQuery === '/half') {
        responder.abort('the guest trapped');
        const error = new HostError('guest_trapped', { name, reason: 'unreachable' });
        return { outcome: 'trap', error, start: 'warm' };
      }
      responder.end(undefined);
      return { outcome: 'ok', start: 'cold' };
    },
  };
}
