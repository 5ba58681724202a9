/** `GET /v1/functions/:name/logs`: the last lines of a function, and with `follow` those to come. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HostError } from '../base/errors.ts';
import type { FunctionName, RequestId } from '../base/ids.ts';
import type { LineFilter } from '../logs/guest-line.ts';
import type { AdminParts } from './admin-parts.ts';
import { resolveFunction } from './function-routes.ts';
import { NDJSON, ndjsonBody } from './ndjson.ts';

const DEFAULT_TAIL = 100;

const querySchema = z.strictObject({
  tail: z.coerce.number().int().min(0).max(1_000_000).default(DEFAULT_TAIL),
  follow: z.enum(['true', 'false']).default('false'),
  request: z.string().min(1).max(128).optional(),
});

/**
 * Adds the route. Lines are `{"line":…}`. A follower is first told `{"following":NAME}`, because an
 * answer begins with its first line only, and `{"lost":N}` when it was too slow.
 */
export function registerLogRoute(app: FastifyInstance, parts: AdminParts): void {
  const { closing } = parts;
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
      const left = new AbortController();
      const body = ndjsonBody(
        follow === 'true'
          ? following(parts, name, filter, AbortSignal.any([left.signal, closing]))
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
  name: FunctionName,
  filter: LineFilter,
): AsyncGenerator<object, void, void> {
  for (const line of guestLog.read(name, filter)) yield { line };
}

async function* following(
  { guestLog }: AdminParts,
  name: FunctionName,
  filter: LineFilter,
  signal: AbortSignal,
): AsyncGenerator<object, void, void> {
  yield { following: name };
  yield* guestLog.follow(name, filter, signal);
}

function queryError(
  issue: { path: readonly PropertyKey[]; message: string } | undefined,
): HostError {
  const key = issue?.path.map(String).join('.') ?? '';
  return new HostError('invalid_request', { reason: `query "${key}": ${issue?.message ?? ''}` });
}
