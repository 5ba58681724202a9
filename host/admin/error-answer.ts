/** Whatever a route throws → a coded answer. Only here are errors of the admin API logged. */
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HostError, toHostError } from '../base/errors.ts';
import type { Log } from '../logs/log.ts';

/** Answers errors and unknown paths of an app with the body that every error of this host has. */
export function registerErrorAnswers(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | HostError, request, reply) =>
    answerError(error, request, reply, log),
  );
  app.setNotFoundHandler((request, reply) => {
    const fields = { method: request.method, path: pathOf(request.url) };
    return answerError(new HostError('unknown_path', fields), request, reply, log);
  });
}

/** Answers bytes that are no HTTP request, or one whose header is too large or too slow. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(
    new HostError('invalid_request', { reason: `it is no HTTP request we read (${error.code})` }),
  );
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Answers one error. */
export function answerError(
  cause: FastifyError | HostError,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const error = toCoded(cause);
  const fields = { requestId: request.id, method: request.method, path: pathOf(request.url) };
  if (error.blame === 'system') log.error({ ...fields, err: error }, error.message);
  else log.info({ ...fields, code: error.code }, error.message);
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer realm="faas"');
  return reply
    .code(error.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(error));
}

/** Fastify's own errors are about the request unless they say 5xx. */
function toCoded(error: FastifyError | HostError): HostError {
  if (error instanceof HostError) return error;
  const { statusCode = 500, message: reason } = error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new HostError('admin_body_too_large', {}, { cause: error });
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new HostError('invalid_request', { reason }, { cause: error });
  }
  return toHostError(error);
}

/** The path without query, cut: it may be anything. */
function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, 200);
}
