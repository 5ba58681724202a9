/** Whether a side does what it is measured at: one request, whose answer must be the expected one to the last byte. */
import { request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ExampleRequest } from './examples.ts';

/** How long an answer may take, ms: the first call of a large guest on a busy machine. */
const LIMIT_MS = 60_000;

/**
 * Asks once.
 *
 * @param host Value of the header `host`.
 * @param expected The whole body; undefined: any that is not empty.
 * @throws {Error} If there is no answer, its status is not 200, or its body differs.
 */
export async function checkAnswer(
  port: number,
  host: string,
  { method, path, body, contentType = 'text/plain' }: ExampleRequest,
  expected: string | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const headers =
    method === 'POST'
      ? { host, 'content-type': contentType, 'content-length': Buffer.byteLength(body) }
      : { host };
  const target = { host: '127.0.0.1', port, method, path, headers, agent: false };
  const sent = sendRequest({ ...target, timeout: LIMIT_MS }, (response) => {
    text(response).then(
      (received) => resolve({ status: response.statusCode ?? 0, body: received }),
      reject,
    );
  });
  sent.once('timeout', () => sent.destroy(new Error('no answer')));
  sent.once('error', reject);
  sent.end(body);
  const answer = await promise;
  const isRight = expected === undefined ? answer.body !== '' : answer.body === expected;
  if (answer.status === 200 && isRight) return;
  const start = answer.body.slice(0, 60);
  throw new Error(`the answer to ${method} ${path} was ${answer.status} "${start}"`);
}
