/**
 * The admin API: the server that `faas` and operators talk to. Routes are in files of their own; here
 * is what holds for all of them, in the order it happens to a request: the host header, the token, the
 * body's limits, the route, the coded answer to errors.
 */
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { requestIdFrom } from '../base/ids.ts';
import { formatBaseUrl, parseListenAddress } from '../config/listen-address.ts';
import { toListenError } from '../config/listen-error.ts';
import type { AdminOptions, AdminParts } from './admin-parts.ts';
import { ArtifactCollector } from './artifact-collector.ts';
import { registerArtifactRoutes } from './artifact-routes.ts';
import { Authoriser } from './authorise.ts';
import { registerDeployRoute } from './deploy-route.ts';
import { answerClientError, answerError, registerErrorAnswers } from './error-answer.ts';
import { ensureFirstToken } from './first-token.ts';
import { registerFunctionRoutes } from './function-routes.ts';
import { createHostHeaderCheck } from './host-header.ts';
import { registerHostRoutes } from './host-routes.ts';
import { registerInvokeRoute } from './invoke-route.ts';
import { registerJsonParser } from './json-body.ts';
import { registerLogRoute } from './log-route.ts';
import { registerTokenRoutes } from './token-routes.ts';
import { Tokens } from './tokens.ts';

/** JSON bodies other than deployments are a few names. */
const MAX_BODY_BYTES = 64 * 1024;
/** Answers under way get this long when the API closes; then their connections are cut. */
const CLOSE_GRACE_MS = 5000;

/** The admin API, listening. */
export interface AdminApi extends AsyncDisposable {
  /** Base URL: `http://127.0.0.1:8081`. */
  readonly address: string;
  /** Path of the file that holds the first token. */
  readonly tokenFile: string;
  close(): Promise<void>;
}

/**
 * Makes the first token if there is none and starts to listen on `config.admin`.
 *
 * @throws {listen_failed} If the address is taken or not ours.
 */
export async function openAdminApi(options: AdminOptions): Promise<AdminApi> {
  const tokens = await Tokens.open(options.registry, options.clock);
  const tokenFile = await ensureFirstToken(options.config.dataDir, tokens, options.log);
  const closing = new AbortController();
  const parts: AdminParts = {
    ...options,
    tokens,
    authoriser: new Authoriser(tokens, options.config.metrics.open),
    collector: new ArtifactCollector(options),
    closing: closing.signal,
  };
  const app = await buildApp(parts);
  // What was deleted shortly before the last end, and uploaded and never deployed.
  await parts.collector.collect();
  const address = await listen(app, options);
  const close = once(() => closeApi(app, parts, closing));
  return { address, tokenFile, close, [Symbol.asyncDispose]: close };
}

async function buildApp(parts: AdminParts): Promise<FastifyInstance> {
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
  const checkHostHeader = createHostHeaderCheck(parseListenAddress(config.admin, 'admin').host);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    checkHostHeader(request.headers.host);
    authoriser.check(request);
  });
  app.addHook('onResponse', async () => {
    // A connection that was busy when the API began to close is idle now and must not hold it up.
    if (parts.closing.aborted) setImmediate(() => app.server.closeIdleConnections());
  });
  await registerArtifactRoutes(app, parts);
  await registerInvokeRoute(app, parts);
  registerDeployRoute(app, parts);
  registerFunctionRoutes(app, parts);
  registerLogRoute(app, parts);
  registerTokenRoutes(app, parts);
  registerHostRoutes(app, parts, () => addressOf(app));
  return app;
}

async function listen(app: FastifyInstance, { config }: AdminOptions): Promise<string> {
  const { host, port } = parseListenAddress(config.admin, 'admin');
  try {
    await app.listen({ host, port, listenTextResolver: () => '' });
  } catch (error) {
    await app.close();
    throw toListenError(error, 'admin', config.admin);
  }
  return addressOf(app) ?? formatBaseUrl({ host, port });
}

function addressOf(app: FastifyInstance): string | undefined {
  const address = app.server.address() as AddressInfo | null;
  if (address === null) return undefined;
  return formatBaseUrl({ host: address.address, port: address.port });
}

async function closeApi(
  app: FastifyInstance,
  { clock, collector }: AdminParts,
  closing: AbortController,
): Promise<void> {
  closing.abort();
  const cancel = clock.after(CLOSE_GRACE_MS, () => app.server.closeAllConnections());
  try {
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
