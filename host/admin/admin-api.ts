/**
 * The admin API: the server that `faas` and operators talk to. Routes are in files of their own; here
 * is what holds for all of them, in the order it happens to a request: the host header, the token, the
 * body's limits, the route, the coded answer to errors.
 */
import { fastify, type FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import { requestIdFrom } from '../base/ids.ts';
import {
  formatBaseUrl,
  parseAdminAddress,
  type ListenAddress,
  type SocketAddress,
} from '../config/listen-address.ts';
import { toListenError } from '../config/listen-error.ts';
import type { Config } from '../config/schema.ts';
import { listenPrivately } from '../links/unix-socket.ts';
import type { AdminOptions, AdminParts } from './admin-parts.ts';
import { ArtifactCollector } from './artifact-collector.ts';
import { registerArtifactRoutes } from './artifact-routes.ts';
import { Authoriser, type OpenMetrics } from './authorise.ts';
import { refuseOtherRoutes } from './api/serve-operation.ts';
import { registerDeployRoute } from './deploy-route.ts';
import { registerEnvironmentRoute } from './environment-route.ts';
import { answerClientError, answerError, registerErrorAnswers } from './error-answer.ts';
import { ensureFirstToken } from './first-token.ts';
import { registerEvictRoute } from './evict-route.ts';
import { registerFunctionRoutes } from './function-routes.ts';
import { createHostHeaderCheck } from './host-header.ts';
import { registerHostRoutes } from './host-routes.ts';
import { registerInvokeRoute } from './invoke-route.ts';
import { registerJsonParser } from './json-body.ts';
import { registerKeyValueRoutes } from './kv-routes.ts';
import { registerLogRoute } from './log-route.ts';
import { registerQuarantineRoutes } from './quarantine-routes.ts';
import { registerReloadRoute } from './reload-route.ts';
import { registerTokenRoutes } from './token-routes.ts';
import { Tokens } from './tokens.ts';

/** JSON bodies other than deployments are a few names. */
const MAX_BODY_BYTES = 64 * 1024;
/** Answers under way get this long when the API closes; then their connections are cut. */
const CLOSE_GRACE_MS = 5000;

/** The admin API, listening. */
export interface AdminApi extends AsyncDisposable {
  /** Base URL: `http://127.0.0.1:8081`, or `unix:/run/wasi-faas/admin.sock`. */
  readonly address: string;
  /** Path of the file that holds the first token. */
  readonly tokenFile: string;
  close(): Promise<void>;
}

/** Where it is to listen. */
type AdminAddress = ListenAddress | SocketAddress;

/**
 * Makes the first token if there is none and starts to listen on `config.admin`. A UNIX socket has mode 0600, takes
 * the place of one that a dead host left, and is removed at the end.
 *
 * @throws {listen_failed} If the address is taken or not ours.
 * @throws {socket_path_too_long} If the system has no room for the path of a socket.
 */
export async function openAdminApi(options: AdminOptions): Promise<AdminApi> {
  const { config } = options;
  const wanted = parseAdminAddress(config.admin, config.dataDir);
  const tokens = await Tokens.open(options.registry, options.clock);
  const tokenFile = await ensureFirstToken(config.dataDir, tokens, options.log);
  const closing = new AbortController();
  const parts: AdminParts = {
    ...options,
    tokens,
    authoriser: new Authoriser(tokens, openMetricsOf(config, wanted)),
    collector: new ArtifactCollector(options),
    closing: closing.signal,
  };
  const app = await buildApp(parts, wanted);
  // What was deleted shortly before the last end, and uploaded and never deployed.
  await parts.collector.collect();
  const unlink = await listen(app, wanted, config.admin);
  const address = addressOf(app, wanted) ?? formatBaseUrl(wanted);
  const close = once(() => closeApi(app, parts, closing, unlink));
  return { address, tokenFile, close, [Symbol.asyncDispose]: close };
}

/** Whoever may connect to the socket is as near as whoever connects from this machine. */
function openMetricsOf({ metrics }: Config, wanted: AdminAddress): OpenMetrics {
  return 'path' in wanted && metrics.open === 'loopback' ? 'always' : metrics.open;
}

async function buildApp(parts: AdminParts, wanted: AdminAddress): Promise<FastifyInstance> {
  const { config, log, authoriser } = parts;
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: config.http.requestTimeoutMs,
    keepAliveTimeout: config.http.keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    genReqId: (request) => requestIdFrom(firstOf(request.headers['x-request-id'])),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply, log),
    http: {
      headersTimeout: config.http.headersTimeoutMs,
      maxHeaderSize: config.http.headerBytes,
    },
  });
  registerErrorAnswers(app, log);
  registerJsonParser(app);
  const checkHostHeader = createHostHeaderCheck('host' in wanted ? wanted.host : undefined);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    checkHostHeader(request.headers.host);
    authoriser.check(request);
  });
  app.addHook('onResponse', async () => {
    // A connection that was busy when the API began to close is idle now and must not hold it up.
    if (parts.closing.aborted) setImmediate(() => app.server.closeIdleConnections());
  });
  refuseOtherRoutes(app);
  await registerArtifactRoutes(app, parts);
  await registerInvokeRoute(app, parts);
  registerDeployRoute(app, parts);
  registerEnvironmentRoute(app, parts);
  registerFunctionRoutes(app, parts);
  registerEvictRoute(app, parts);
  registerQuarantineRoutes(app, parts);
  registerLogRoute(app, parts);
  registerKeyValueRoutes(app, parts);
  registerTokenRoutes(app, parts);
  registerReloadRoute(app, parts);
  registerHostRoutes(app, parts, () => addressOf(app, wanted));
  return app;
}

/** Listens. @returns What removes the socket. */
async function listen(
  app: FastifyInstance,
  wanted: AdminAddress,
  setting: string,
): Promise<() => Promise<void>> {
  const listenTextResolver = (): string => '';
  try {
    if ('path' in wanted) {
      return await listenPrivately(wanted.path, (path) => app.listen({ path, listenTextResolver }));
    }
    await app.listen({ ...wanted, listenTextResolver });
    return async () => undefined;
  } catch (error) {
    await app.close();
    throw error instanceof HostError ? error : toListenError(error, 'admin', setting);
  }
}

function addressOf({ server }: FastifyInstance, wanted: AdminAddress): string | undefined {
  const address = server.address();
  if (address === null) return undefined;
  // What the socket was bound as is not where it lies now.
  if (typeof address === 'string') return formatBaseUrl(wanted);
  return formatBaseUrl({ host: address.address, port: address.port });
}

async function closeApi(
  app: FastifyInstance,
  { clock, collector }: AdminParts,
  closing: AbortController,
  unlink: () => Promise<void>,
): Promise<void> {
  closing.abort();
  const cancel = clock.after(CLOSE_GRACE_MS, () => app.server.closeAllConnections());
  try {
    await unlink();
    await app.close();
    await collector.close();
  } finally {
    cancel();
  }
}

function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= task());
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
