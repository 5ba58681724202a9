/** Node's HTTP server with our limits: what is too large, too slow or no HTTP never becomes a request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HostError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';

/** Most and least time between two looks for slow connections. */
const SLOW_CHECK_MS = { most: 1000, least: 100 };

/** What happens on a connection besides requests. */
export interface ConnectionEvents {
  /** A client has connected. */
  onConnection(socket: Socket): void;
  /** What a client sent is no request; its connection can serve no other. */
  onRefused(socket: Socket, error: HostError): void;
}

/**
 * Creates a server that does not listen yet.
 *
 * @param limits `http` of the configuration.
 * @param handler Called with every request, also those that expect something.
 */
export function createHttpServer(
  limits: Config['http'],
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  events: ConnectionEvents,
): Server {
  const requestTimeout = Math.ceil(limits.requestTimeoutMs);
  const headersTimeout = Math.ceil(limits.headersTimeoutMs);
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      // Node refuses a header time-out above that of the whole request; 0 is none.
      headersTimeout:
        requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout),
      requestTimeout,
      keepAliveTimeout: Math.ceil(limits.keepAliveTimeoutMs),
      connectionsCheckingInterval: slowCheckMs(headersTimeout),
      // A missing Host is answered by us, with a coded body.
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    handler,
  );
  server.maxConnections = limits.connections;
  // The header's size is the limit; Node would drop fields above a count without a word.
  server.maxHeadersCount = 0;
  server.on('checkContinue', handler);
  server.on('checkExpectation', handler);
  server.on('connection', (socket: Socket) => events.onConnection(socket));
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const target = (request.url ?? '').slice(0, 200);
    events.onRefused(socket, new HostError('connect_refused', { target }));
  });
  return server;
}

/**
 * Names what Node's parser could not take.
 *
 * @returns The answer, or undefined if there is nobody to answer.
 */
export function refusalOf(
  failure: Error & { code?: string },
  limits: Config['http'],
): HostError | undefined {
  const { code = '' } = failure;
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HostError('header_too_large', { limit: limits.headerBytes }, { cause: failure });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HostError('request_incomplete', {}, { cause: failure });
    default:
      if (!code.startsWith('HPE_')) return undefined;
      return new HostError('malformed_request', { reason: 'it is not HTTP' }, { cause: failure });
  }
}

function slowCheckMs(timeoutMs: number): number {
  return Math.min(SLOW_CHECK_MS.most, Math.max(SLOW_CHECK_MS.least, Math.ceil(timeoutMs / 4)));
}
