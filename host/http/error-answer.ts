/**
 * A coded error as an HTTP answer, on a response or, where there is none, on the bare connection. The body
 * is `{"error":{"code","message","fix"?,"requestId"}}`.
 */
import { STATUS_CODES } from 'node:http';
import type { HostError } from '../base/errors.ts';
import type { RequestId } from '../base/ids.ts';
import type { Field } from '../wasi/ports.ts';
import type { ResponseMessage } from './message.ts';

/**
 * Answers with an error. The response must not have begun.
 *
 * @param retryAfterSeconds When to try again, whole seconds.
 * @param more A field that the invocation adds.
 */
export function answerError(
  response: ResponseMessage,
  error: HostError,
  requestId: RequestId,
  retryAfterSeconds?: number,
  more?: Field,
): void {
  const body = Buffer.from(errorBody(error, requestId));
  const head = errorHead(requestId, body.byteLength);
  if (retryAfterSeconds !== undefined) head.push('retry-after', String(retryAfterSeconds));
  if (more !== undefined) head.push(more[0], Buffer.from(more[1]).toString('latin1'));
  response.writeHead(error.status, head);
  response.end(body);
}

/** The same answer as bytes, for a connection whose request could not be read; it is the last on it. */
export function lastAnswer(error: HostError, requestId: RequestId): Buffer {
  const body = Buffer.from(errorBody(error, requestId));
  const head = [...errorHead(requestId, body.byteLength), 'connection', 'close'];
  let text = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\n`;
  for (let index = 0; index < head.length; index += 2) {
    text += `${head[index]}: ${head[index + 1]}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${text}\r\n`), body]);
}

function errorHead(requestId: RequestId, bodyBytes: number): string[] {
  return [
    'content-type',
    'application/json',
    'content-length',
    String(bodyBytes),
    'cache-control',
    'no-store',
    'x-request-id',
    requestId,
  ];
}

/** What a stranger may know: how to mend a function is for its owner, what broke in the host for the log. */
function errorBody(error: HostError, requestId: RequestId): string {
  const message =
    error.code === 'internal_error'
      ? 'Cannot finish the request: the host failed; its log has the cause under this request id'
      : error.message;
  const isForClient = error.blame === 'user' && error.fix !== undefined;
  const fix = isForClient ? { fix: error.fix } : {};
  return JSON.stringify({ error: { code: error.code, message, ...fix, requestId } });
}
