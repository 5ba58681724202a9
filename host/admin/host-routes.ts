/** About the host itself: `/healthz`, `/readyz`, `/metrics`, `/v1/host`, `/v1/routes`, `/v1/changes`. */
// oxlint-disable oxc/no-async-endpoint-handlers -- a rule for Express; Fastify awaits its handlers
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HostError } from '../base/errors.ts';
import type { AdminParts } from './admin-parts.ts';

const MAX_CHANGES = 1000;
const changesQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_CHANGES).default(100),
});

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

  app.get('/healthz', { config: { access: 'open' } }, async () => ({ status: 'ok' }));

  app.get('/readyz', { config: { access: 'open' } }, async () => {
    if (!parts.isReady()) throw new HostError('not_ready');
    return { status: 'ready' };
  });

  app.get('/metrics', { config: { access: 'metrics' } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );

  app.get('/v1/host', { config: { access: 'read' } }, async () => ({
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

  app.get('/v1/routes', { config: { access: 'read' } }, async () => ({
    routes: [...registry.snapshot.functions.values()].flatMap(({ name, live, routes }) =>
      [
        { host: `${name}.${config.domain}`, path: '/*' },
        { host: '*', path: `/${name}/*` },
        ...routes,
      ].map(({ host, path }) => ({ host, path, function: name, version: live.number })),
    ),
  }));

  app.get('/v1/changes', { config: { access: 'read' } }, async (request) => {
    const query = changesQuery.safeParse(request.query);
    if (!query.success) {
      const reason = `its query "limit" is not a number from 1 to ${MAX_CHANGES}`;
      throw new HostError('invalid_request', { reason });
    }
    return { changes: await registry.loadChanges(query.data.limit) };
  });
}
