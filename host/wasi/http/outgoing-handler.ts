/** `wasi:http/outgoing-handler`: a guest's request goes to whoever sends for this guest. */
import type { HostInterface } from '../../component/host-interface.ts';
import { HttpFailure, type Guest, type OutgoingHttpRequest } from '../ports.ts';
import { WASI_0_2 } from '../releases.ts';
import { createHttpError, type ErrorCode } from './error-code.ts';
import { FutureIncomingResponse } from './future-incoming-response.ts';
import { OutgoingRequest, type RequestParts } from './outgoing-request.ts';
import { RequestOptions, timeoutsOf } from './request-options.ts';
import { methodToText } from './target.ts';

/** The interface `wasi:http/outgoing-handler`. */
export const wasiHttpOutgoingHandler: HostInterface = {
  name: 'wasi:http/outgoing-handler',
  versions: WASI_0_2,
  functions: { handle },
  resources: {},
  blocking: [],
};

/** Starts sending; an error value only if the request cannot even be tried. */
function handle(
  guest: Guest,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse {
  const parts = OutgoingRequest.take(request);
  try {
    const exchange = guest.outgoingHttp.send(toHttpRequest(parts, options));
    return new FutureIncomingResponse(guest, exchange, parts.body);
  } catch (error) {
    parts.body?.close();
    throw error instanceof HttpFailure ? createHttpError(error.errorCode) : error;
  } finally {
    options?.[Symbol.dispose]();
  }
}

/**
 * Makes the request that goes out, as all releases of `wasi:http` have it.
 *
 * @throws {HttpFailure} If it cannot even be tried.
 */
export function toHttpRequest(
  parts: RequestParts,
  options: RequestOptions | undefined,
): OutgoingHttpRequest {
  const method = methodToText(parts.method);
  // A tunnel is not a request with a response.
  if (method === undefined || method === 'CONNECT') throw fail('HTTP-request-method-invalid');
  const scheme = parts.scheme?.tag ?? 'HTTPS';
  if (scheme === 'other' || !parts.authority) throw fail('HTTP-request-URI-invalid');
  if (parts.declaredBytes === 'invalid') throw fail('HTTP-protocol-error');
  const path = parts.pathWithQuery ?? '';
  checkBody(parts);
  return {
    method,
    scheme: scheme === 'HTTP' ? 'http' : 'https',
    authority: parts.authority,
    pathWithQuery: path.startsWith('/') ? path : `/${path}`,
    headers: parts.headers,
    ...timeoutsOf(options),
  };
}

/** A body that is known to be wrong makes a request that no server could understand. */
function checkBody({ body, declaredBytes }: RequestParts): void {
  const state = body?.checkBefore(Infinity) ?? 'finished';
  const missing = body === undefined && typeof declaredBytes === 'number' && declaredBytes > 0;
  if (missing || state === 'wrong_length') throw fail('HTTP-request-body-size');
  if (state === 'abandoned') throw fail('internal-error');
}

function fail(tag: ErrorCode['tag']): HttpFailure {
  return new HttpFailure({ tag });
}
