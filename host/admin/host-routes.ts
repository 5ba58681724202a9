/** About the host itself: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, `/v1/host`, `/v1/routes`, `/v1/changes`. */
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import type { AdminParts } from './admin-parts.ts';
import { describeOpenApi } from './api/open-api.ts';
import { changesQuery, MAX_CHANGES } from './api/request-schemas.ts';
import { serveOperation } from './api/serve-operation.ts';

/**
 * Adds the routes.
 *
 * @param adminUrl Base URL of this API, once it listens.
 */
export function registerHostRoutes(
  app: FastifyInstance,
  parts: AdminParts,
  adminUrl: () => string | undefined,
): void {
  const { config, clock, metrics, registry } = parts;
  const startedMs = clock.monotonicMs();

  serveOperation(app, 'GET /healthz', async () => ({ status: 'ok' }));

  serveOperation(app, 'GET /readyz', async () => {
    if (!parts.isReady()) throw new HostError('not_ready');
    return { status: 'ready' };
  });

  serveOperation(app, 'GET /openapi.json', async () => describeOpenApi(parts.version));

  serveOperation(app, 'GET /metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );

  serveOperation(app, 'GET /v1/host', async () => ({
    version: parts.version,
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    pid: process.pid,
    engine: parts.engine,
    uptimeSeconds: Math.round((clock.monotonicMs() - startedMs) / 1000),
    dataUrl: parts.dataUrl(),
    adminUrl: adminUrl(),
    dataDir: config.dataDir,
    domain: config.domain,
    functions: registry.snapshot.functions.size,
    limits: {
      artifactBytes: config.deploy.artifactBytes,
      snapshotBytes: config.deploy.snapshotBytes,
      snapshotFiles: config.deploy.snapshotFiles,
    },
  }));

  serveOperation(app, 'GET /v1/routes', async () => ({
    routes: [...registry.snapshot.functions.values()].flatMap(({ name, live, routes }) =>
      [
        { host: `${name}.${config.domain}`, path: '/*' },
        { host: '*', path: `/${name}/*` },
        ...routes,
      ].map(({ host, path }) => ({ host, path, function: name, version: live.number })),
    ),
  }));

  serveOperation(app, 'GET /v1/changes', async (request) => {
    const query = changesQuery.safeParse(request.query);
    if (!query.success) {
      const reason = `its query "limit" is not a number from 1 to ${MAX_CHANGES}`;
      throw new HostError('invalid_request', { reason });
    }
    return { changes: await registry.loadChanges(query.data.limit) };
  });
}
