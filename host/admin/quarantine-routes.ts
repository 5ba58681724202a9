/** Ending the quarantine of a function that stopped workers: `DELETE /v1/functions/NAME/quarantine`. */
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import { serveOperation } from './api/serve-operation.ts';
import { resolveFunction } from './function-routes.ts';

/** Adds the route. */
export function registerQuarantineRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { quarantine, authoriser } = parts;
  serveOperation(app, 'DELETE /v1/functions/{name}/quarantine', async (request) => {
    const { name } = resolveFunction(request.params.name, parts);
    const actor = authoriser.actorOf(request);
    return { name, resumed: (await quarantine?.lift(name, actor)) ?? false };
  });
}
