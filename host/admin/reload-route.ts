/** `POST /v1/reload`: the workers are replaced one after the other; the answer comes when all are. */
// oxlint-disable oxc/no-async-endpoint-handlers -- a rule for Express; Fastify awaits its handlers
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import type { ReloadView } from './views.ts';

/** Adds the route. */
export function registerReloadRoute(app: FastifyInstance, parts: AdminParts): void {
  const { reload, authoriser, clock, log } = parts;
  app.post('/v1/reload', { config: { access: 'admin' } }, async (request): Promise<ReloadView> => {
    const startedMs = clock.monotonicMs();
    log.info({ by: authoriser.actorOf(request) }, 'reloading');
    const workers = await reload();
    const ms = Math.round(clock.monotonicMs() - startedMs);
    log.info({ workers, ms }, 'reloaded');
    return { workers, ms };
  });
}
