/**
 * `POST /v1/functions/:name/invoke`: calls a function and reports on the call: the answer, how it
 * ended, how it started and what it logged. Unlike a request to the function's URL, the answer is kept
 * in memory, so both bodies are bounded.
 *
 * Query: `method`, `path`, and `header` as often as needed (`name: value`). Body: the request's body.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HostError } from '../base/errors.ts';
import { requestIdFrom } from '../base/ids.ts';
import type { CallResult, PlainCall } from '../invoke/collected-call.ts';
import type { FunctionRecord } from '../registry/model.ts';
import type { Field } from '../wasi/ports.ts';
import type { AdminParts } from './admin-parts.ts';
import { resolveFunction } from './function-routes.ts';

/** Largest request body; the URL of the function has no such limit. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
const MAX_LOG_LINES = 1000;

const querySchema = z.strictObject({
  method: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/)
    .default('GET'),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]{0,8191}$/)
    .default('/'),
  header: z.union([z.string().transform((text) => [text]), z.array(z.string())]).default([]),
});

/** Adds the route, in a scope of its own where a body of any content type is bytes. */
export async function registerInvokeRoute(
  parent: FastifyInstance,
  parts: AdminParts,
): Promise<void> {
  await parent.register(async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    app.post<{ Params: { name: string }; Body: Uint8Array | undefined }>(
      '/v1/functions/:name/invoke',
      { config: { access: 'deploy' }, bodyLimit: MAX_REQUEST_BYTES },
      async (request, reply) => {
        const record = resolveFunction(request.params.name, parts);
        const left = new AbortController();
        reply.raw.once('close', () =>
          left.abort(new HostError('client_gone', { name: record.name })),
        );
        const call = readCall(request.query, request.body ?? new Uint8Array(0), record, parts);
        const from = {
          requestId: requestIdFrom(request.id),
          clientAddress: request.socket.remoteAddress ?? '127.0.0.1',
        };
        return invoke(record, { ...call, ...from }, parts, left.signal);
      },
    );
  });
}

async function invoke(
  record: FunctionRecord,
  call: PlainCall,
  { callFunction, guestLog, clock, closing }: AdminParts,
  left: AbortSignal,
): Promise<object> {
  const startedMs = clock.monotonicMs();
  const result = await callFunction(record, call, AbortSignal.any([left, closing]));
  const durationMs = clock.monotonicMs() - startedMs;
  const { requestId } = call;
  return {
    requestId,
    version: record.live.number,
    outcome: result.outcome,
    ...(result.start === undefined ? {} : { start: result.start }),
    ...(result.error === undefined ? {} : { error: result.error.toJSON() }),
    durationMs,
    ...(result.cpuMs === undefined ? {} : { cpuMs: result.cpuMs }),
    ...viewResponse(result),
    logs: guestLog.read(record.name, { tail: MAX_LOG_LINES, requestId }),
  };
}

/** The function's response, or the one that the data plane would give in its place. */
function viewResponse({ response, error }: CallResult): object {
  if (response !== undefined) return response;
  return {
    status: error?.status ?? 500,
    headers: [['content-type', 'application/json; charset=utf-8']],
    bodyBase64: Buffer.from(JSON.stringify(error)).toString('base64'),
    truncated: false,
  };
}

function readCall(
  query: unknown,
  body: Uint8Array,
  record: FunctionRecord,
  { config }: AdminParts,
): Omit<PlainCall, 'requestId' | 'clientAddress'> {
  const result = querySchema.safeParse(query);
  if (!result.success) {
    const key = result.error.issues[0]?.path.map(String).join('.') ?? '';
    throw new HostError('invalid_request', { reason: `its query "${key}" is not as it must be` });
  }
  const { method, path, header } = result.data;
  const headers = header.map(parseField);
  const host = headers.find(([name]) => name === 'host')?.[1];
  const authority =
    host === undefined ? `${record.name}.${config.domain}` : Buffer.from(host).toString('latin1');
  return {
    method,
    authority,
    pathWithQuery: path,
    headers: headers.filter(([name]) => name !== 'content-length'),
    body,
  };
}

function parseField(text: string): Field {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name.toLowerCase(), Buffer.from(value)];
  throw new HostError('invalid_request', {
    reason: `its query "header" has "${text.slice(0, 80)}", which is not "name: value"`,
  });
}
