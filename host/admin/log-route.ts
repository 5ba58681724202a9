/** `GET /v1/functions/:name/logs`: the last lines of a function, and with `follow` those to come. */
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import type { FunctionName, RequestId } from '../base/ids.ts';
import type { LineFilter } from '../logs/guest-line.ts';
import type { AdminParts } from './admin-parts.ts';
import { logsQuery } from './api/request-schemas.ts';
import { serveOperation } from './api/serve-operation.ts';
import { resolveFunction } from './function-routes.ts';
import { NDJSON, ndjsonBody } from './ndjson.ts';

/**
 * Adds the route. Lines are `{"line":…}`. A follower is first told `{"following":NAME}`, because an
 * answer begins with its first line only, and `{"lost":N}` when it was too slow.
 */
export function registerLogRoute(app: FastifyInstance, parts: AdminParts): void {
  const { closing } = parts;
  serveOperation(app, 'GET /v1/functions/{name}/logs', async (request, reply) => {
    const { name } = resolveFunction(request.params.name, parts);
    const query = logsQuery.safeParse(request.query);
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
  });
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
