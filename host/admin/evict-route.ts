/**
 * `POST /v1/functions/NAME/evict`: closes the instances of a function and lets go of its compiled module, in every
 * worker. Its next request is a cold start: for measuring them, and to give memory back.
 */
// oxlint-disable oxc/no-async-endpoint-handlers -- a rule for Express; Fastify awaits its handlers
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import { resolveFunction } from './function-routes.ts';
import type { EvictView } from './views.ts';

interface NamePath {
  Params: { name: string };
}

/** Adds the route. */
export function registerEvictRoute(app: FastifyInstance, { evict, ...parts }: AdminParts): void {
  if (evict === undefined) return;
  app.post<NamePath>(
    '/v1/functions/:name/evict',
    { config: { access: 'deploy' } },
    async (request): Promise<EvictView> => {
      const { name, live } = resolveFunction(request.params.name, { ...parts, evict });
      return { name, modules: await evict(live) };
    },
  );
}
