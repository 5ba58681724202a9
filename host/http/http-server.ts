/** Node's HTTP server with our limits: what is too large, too slow or no HTTP never becomes a request. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { HostError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import type { TlsPair } from './tls-pair.ts';

/** Most and least time between two looks for slow connections. */
const SLOW_CHECK_MS = { most: 1000, least: 100 };

/** Time for a TLS handshake where `headersTimeoutMs` is none. */
const HANDSHAKE_MS = 120_000;
/** TLS 1.2 is the oldest that HTTP/2 may be spoken on (RFC 9113, 9.2), and that is not broken. */
const OLDEST_TLS = 'TLSv1.2';

/** What happens on a connection besides requests. */
export interface ConnectionEvents {
  /** A client has connected, and speaks HTTP/1.1. */
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
  const server = createServer(optionsOf(limits), handler);
  prepare(server, limits, handler, events);
  server.on('connection', (socket: Socket) => events.onConnection(socket));
  return server;
}

/** What happens on connections with TLS besides. */
export interface TlsEvents extends ConnectionEvents {
  /** A client has connected, and its handshake begins. */
  onHandshake(socket: Socket): void;
  /** A client has connected, and speaks HTTP/2. */
  onHttp2(socket: Socket): void;
}

/**
 * Creates a server with TLS that does not listen yet. Clients choose HTTP/2 or HTTP/1.1 in their handshake.
 *
 * @param pair Its certificate; `useTlsPair` changes it.
 */
export function createHttpsServer(
  limits: Config['http'],
  pair: TlsPair,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  events: TlsEvents,
): TlsServer {
  const server = createTlsServer(
    {
      ...optionsOf(limits),
      ...contextOf(pair),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: Math.ceil(limits.headersTimeoutMs) || HANDSHAKE_MS,
    },
    handler,
  );
  prepare(server, limits, handler, events);
  // Node's own listener, which speaks HTTP/1.1, gets its connections from ours.
  const [serveHttp1] = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('connection', (socket: Socket) => events.onHandshake(socket));
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') {
      events.onHttp2(socket);
    } else {
      serveHttp1?.call(server, socket);
      events.onConnection(socket);
    }
  });
  return server;
}

/** Uses another certificate for handshakes from now on; open connections stay as they are. */
export function useTlsPair(server: TlsServer, pair: TlsPair): void {
  server.setSecureContext(contextOf(pair));
}

function contextOf({ cert, key }: TlsPair): { cert: string; key: string; minVersion: 'TLSv1.2' } {
  return { cert, key, minVersion: OLDEST_TLS };
}

function optionsOf(limits: Config['http']): ServerOptions {
  const requestTimeout = Math.ceil(limits.requestTimeoutMs);
  const headersTimeout = Math.ceil(limits.headersTimeoutMs);
  return {
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
  };
}

function prepare(
  server: Server | TlsServer,
  limits: Config['http'],
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  events: ConnectionEvents,
): void {
  server.maxConnections = limits.connections;
  // The header's size is the limit; Node would drop fields above a count without a word.
  server.maxHeadersCount = 0;
  server.on('checkContinue', handler);
  server.on('checkExpectation', handler);
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const target = (request.url ?? '').slice(0, 200);
    events.onRefused(socket, new HostError('connect_refused', { target }));
  });
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
