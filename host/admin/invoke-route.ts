/**
 * `POST /v1/functions/:name/invoke`: calls a function and reports on the call: the answer, how it
 * ended, how it started and what it logged. Unlike a request to the function's URL, the answer is kept
 * in memory, so both bodies are bounded.
 *
 * Query: `method`, `path`, and `header` as often as needed (`name: value`). Body: the request's body.
 */
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import { requestIdFrom } from '../base/ids.ts';
import type { CallResult, PlainCall } from '../invoke/collected-call.ts';
import type { FunctionRecord } from '../registry/model.ts';
import type { Field } from '../wasi/ports.ts';
import type { AdminParts } from './admin-parts.ts';
import { invokeQuery } from './api/request-schemas.ts';
import { serveOperation } from './api/serve-operation.ts';
import { resolveFunction } from './function-routes.ts';
import type { InvocationView } from './views.ts';

/** Largest request body; the URL of the function has no such limit. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
const MAX_LOG_LINES = 1000;

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
    serveOperation(
      app,
      'POST /v1/functions/{name}/invoke',
      async (request, reply) => {
        const record = resolveFunction(request.params.name, parts);
        const left = new AbortController();
        reply.raw.once('close', () =>
          left.abort(new HostError('client_gone', { name: record.name })),
        );
        const body = (request.body as Uint8Array | undefined) ?? new Uint8Array(0);
        const call = readCall(request.query, body, record, parts);
        const from = {
          requestId: requestIdFrom(request.id),
          clientAddress: request.socket.remoteAddress ?? '127.0.0.1',
        };
        return invoke(record, { ...call, ...from }, parts, left.signal);
      },
      { bodyLimit: MAX_REQUEST_BYTES },
    );
  });
}

async function invoke(
  record: FunctionRecord,
  call: PlainCall,
  { callFunction, guestLog, clock, closing }: AdminParts,
  left: AbortSignal,
): Promise<InvocationView> {
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
function viewResponse({
  response,
  error,
}: CallResult): Pick<InvocationView, 'status' | 'headers' | 'bodyBase64' | 'truncated'> {
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
  const result = invokeQuery.safeParse(query);
  if (!result.success) {
    const key = result.error.issues[0]?.path.map(String).join('.') ?? '';
    throw new HostError('invalid_request', { reason: `its query "${key}" is not as it must be` });
  }
  const { method, path, header } = result.data;
  const headers = [header].flat().map(parseField);
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
