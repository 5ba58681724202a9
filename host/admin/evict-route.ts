/**
 * `POST /v1/functions/NAME/evict`: closes the instances of a function and lets go of its compiled module, in every
 * worker. Its next request is a cold start: for measuring them, and to give memory back.
 */
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import { serveOperation } from './api/serve-operation.ts';
import { resolveFunction } from './function-routes.ts';

/** Adds the route. */
export function registerEvictRoute(app: FastifyInstance, { evict, ...parts }: AdminParts): void {
  if (evict === undefined) return;
  serveOperation(app, 'POST /v1/functions/{name}/evict', async (request) => {
    const { name, live } = resolveFunction(request.params.name, { ...parts, evict });
    return { name, modules: await evict(live) };
  });
}
