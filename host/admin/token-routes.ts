/** `GET` and `POST /v1/tokens`: who may use the admin API. A new token's secret is shown once. */
import type { FastifyInstance } from 'fastify';
import type { AdminParts } from './admin-parts.ts';
import { readRequest } from './api/read-request.ts';
import { tokenBody } from './api/request-schemas.ts';
import { serveOperation } from './api/serve-operation.ts';
import { viewToken } from './views.ts';

/** Adds the routes. */
export function registerTokenRoutes(
  app: FastifyInstance,
  { tokens, authoriser, log }: AdminParts,
): void {
  serveOperation(app, 'GET /v1/tokens', async () => ({
    tokens: tokens.list().map(viewToken),
  }));

  serveOperation(app, 'POST /v1/tokens', async (request) => {
    const body = readRequest(tokenBody, request.body, 'body');
    const actor = authoriser.actorOf(request);
    const scopes = [...new Set(body.scopes)];
    const { record, text } = await tokens.add(body.name, scopes, actor);
    log.info({ token: record.id, name: record.name, by: actor }, 'made an admin token');
    return { ...viewToken(record), token: text };
  });
}
