/** `wasi:http/client` 0.3: a guest's request goes to whoever sends for this guest, under the same grants as in 0.2. */
import type { CancellablePromise } from '../../../component/byte-stream.ts';
import type { HostInterface } from '../../../component/host-interface.ts';
import { createHttpError, errorCodeOf } from '../../http/error-code.ts';
import { WatchedSource } from '../../http/future-incoming-response.ts';
import { toHttpRequest } from '../../http/outgoing-handler.ts';
import { HttpFailure, type Guest, type OutgoingHttpExchange } from '../../ports.ts';
import { WASI_0_3 } from '../../releases.ts';
import { Request, type SentRequest } from './request.ts';
import { Response } from './response.ts';

/** The interface `wasi:http/client`. */
export const wasiHttpClient: HostInterface = {
  name: 'wasi:http/client',
  versions: WASI_0_3,
  functions: { send },
  resources: {},
  blocking: ['send'],
};

/** Sends; an error value if it cannot be tried, or no response comes. */
function send(guest: Guest, request: Request): CancellablePromise<Response> {
  const sent = Request.send(request);
  const exchange = begin(guest, sent);
  const disown = guest.own({ close: () => exchange.abort() });
  const abort = (): void => {
    disown();
    exchange.abort();
  };
  const failed = sendBody(exchange, sent, abort);
  const response = exchange.response.then(
    ({ status, headers, body, trailers }) =>
      Response.arrived(guest, {
        status,
        headers,
        body: new WatchedSource(body, disown),
        trailers,
      }),
    (error: unknown) => {
      disown();
      throw createHttpError(errorCodeOf(error));
    },
  );
  return Object.assign(guest.suspend(Promise.race([response, failed])), { cancel: abort });
}

function begin(guest: Guest, { parts, options }: SentRequest): OutgoingHttpExchange {
  try {
    return guest.outgoingHttp.send(toHttpRequest(parts, options));
  } catch (error) {
    parts.body?.close();
    throw error instanceof HttpFailure ? createHttpError(error.errorCode) : error;
  } finally {
    options?.[Symbol.dispose]();
  }
}

/** @returns Rejects if the body cannot be sent, or the guest is ended by what it reads for it. */
function sendBody(
  exchange: OutgoingHttpExchange,
  { parts, departure }: SentRequest,
  abort: () => void,
): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (parts.body === undefined || departure === undefined) {
    exchange.finish(undefined);
    return promise;
  }
  departure.done.catch(reject);
  parts.body.attach({
    sink: exchange.body,
    limitBytes: Infinity,
    end: (trailers) => exchange.finish(trailers),
    abort: (code) => {
      reject(createHttpError(code));
      abort();
    },
  });
  return promise;
}
