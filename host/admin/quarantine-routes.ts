/** Ending the quarantine of a function that stopped workers: `DELETE /v1/functions/NAME/quarantine`. */
// oxlint-disable oxc/no-async-endpoint-handlers -- a rule for Express; Fastify awaits its handlers
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import { resolveFunction } from './function-routes.ts';
import type { ResumeView } from './views.ts';

interface NamePath {
  Params: { name: string };
}

/** Adds the route. */
export function registerQuarantineRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { quarantine, authoriser } = parts;
  app.delete<NamePath>(
    '/v1/functions/:name/quarantine',
    { config: { access: 'deploy' } },
    async (request): Promise<ResumeView> => {
      const { name } = resolveFunction(request.params.name, parts);
      const actor = authoriser.actorOf(request);
      return { name, resumed: (await quarantine?.lift(name, actor)) ?? false };
    },
  );
}
