/** `POST /v1/reload`: the workers are replaced one after the other; the answer comes when all are. */
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import { serveOperation } from './api/serve-operation.ts';

/** Adds the route. */
export function registerReloadRoute(app: FastifyInstance, parts: AdminParts): void {
  const { reload, authoriser, clock, log } = parts;
  serveOperation(app, 'POST /v1/reload', async (request) => {
    const startedMs = clock.monotonicMs();
    log.info({ by: authoriser.actorOf(request) }, 'reloading');
    const workers = await reload();
    const ms = Math.round(clock.monotonicMs() - startedMs);
    log.info({ workers, ms }, 'reloaded');
    return { workers, ms };
  });
}
