/** `GET /v1/functions/:name/logs`: the last lines of a function, and with `follow` those to come. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HostError } from '../base/errors.ts';
import type { RequestId } from '../base/ids.ts';
import type { LineFilter } from '../logs/guest-log.ts';
import type { AdminParts } from './admin-parts.ts';
import { resolveFunction } from './function-routes.ts';
import { NDJSON, ndjsonBody } from './ndjson.ts';

const DEFAULT_TAIL = 100;

const querySchema = z.strictObject({
  tail: z.coerce.number().int().min(0).max(1_000_000).default(DEFAULT_TAIL),
  follow: z.enum(['true', 'false']).default('false'),
  request: z.string().min(1).max(128).optional(),
});

/** Adds the route. Lines are `{"line":…}`; `{"lost":N}` tells a slow follower what it missed. */
export function registerLogRoute(app: FastifyInstance, parts: AdminParts): void {
  const { guestLog, closing } = parts;
  app.get<{ Params: { name: string } }>(
    '/v1/functions/:name/logs',
    { config: { access: 'read' } },
    async (request, reply) => {
      const { name } = resolveFunction(request.params.name, parts);
      const query = querySchema.safeParse(request.query);
      if (!query.success) throw queryError(query.error.issues[0]);
      const { tail, follow, request: requestId } = query.data;
      const filter: LineFilter =
        requestId === undefined ? { tail } : { tail, requestId: requestId as RequestId };
      // The past alone is a follow that has ended before it began to wait.
      const left = new AbortController();
      const body = ndjsonBody(
        follow === 'true'
          ? guestLog.follow(name, filter, AbortSignal.any([left.signal, closing]))
          : past(parts, name, filter),
      );
      // Destroying a generator's stream waits for its next value, which may never come.
      reply.raw.once('close', () => left.abort());
      return reply.type(NDJSON).send(body);
    },
  );
}

async function* past(
  { guestLog }: AdminParts,
  name: Parameters<typeof guestLog.read>[0],
  filter: LineFilter,
): AsyncGenerator<object, void, void> {
  for (const line of guestLog.read(name, filter)) yield { line };
}

function queryError(
  issue: { path: readonly PropertyKey[]; message: string } | undefined,
): HostError {
  const key = issue?.path.map(String).join('.') ?? '';
  return new HostError('invalid_request', { reason: `query "${key}": ${issue?.message ?? ''}` });
}
