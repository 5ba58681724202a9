/** `GET` and `POST /v1/tokens`: who may use the admin API. A new token's secret is shown once. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HostError } from '../base/errors.ts';
import type { AdminParts } from './admin-parts.ts';
import { viewToken } from './views.ts';

const bodySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.@-]{1,64}$/, 'it is not 1 to 64 letters, digits, ".", "_", "@", "-"'),
  scopes: z.array(z.enum(['read', 'deploy', 'admin'])).min(1, 'it is empty'),
});

/** Adds the routes. */
export function registerTokenRoutes(
  app: FastifyInstance,
  { tokens, authoriser, log }: AdminParts,
): void {
  app.get('/v1/tokens', { config: { access: 'admin' } }, async () => ({
    tokens: tokens.list().map(viewToken),
  }));

  app.post('/v1/tokens', { config: { access: 'admin' } }, async (request, reply) => {
    const body = bodySchema.safeParse(request.body);
    if (!body.success) {
      const issue = body.error.issues[0];
      const key = issue?.path.map(String).join('.') ?? '';
      const reason = `its body ${key === '' ? '' : `"${key}" `}is invalid: ${issue?.message ?? ''}`;
      throw new HostError('invalid_request', { reason });
    }
    const actor = authoriser.actorOf(request);
    const scopes = [...new Set(body.data.scopes)];
    const { record, text } = await tokens.add(body.data.name, scopes, actor);
    log.info({ token: record.id, name: record.name, by: actor }, 'made an admin token');
    return reply.code(201).send({ ...viewToken(record), token: text });
  });
}
