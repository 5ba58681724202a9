/**
 * The data plane's way in: HTTP requests to invocations, and back. Fastify runs the server; its router and its
 * parsing of bodies are left out, because paths belong to the functions and bodies are streamed.
 */
import { once } from 'node:events';
import { METHODS, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { Server as NetServer, type Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import type { Closeable } from '../base/closeable.ts';
import type { Clock } from '../base/clock.ts';
import type { HostError } from '../base/errors.ts';
import { parseListenAddress, type ListenAddress } from '../config/listen-address.ts';
import { toListenError } from '../config/listen-error.ts';
import type { Config } from '../config/schema.ts';
import type { Invoker } from '../invoke/invoker.ts';
import type { Log } from '../logs/log.ts';
import type { Router } from '../traffic/router.ts';
import { Connection } from './connection.ts';
import { Exchange, type ExchangeParts } from './exchange.ts';
import { FieldNames } from './field-names.ts';
import { createHttpServer, createHttpsServer, refusalOf, useTlsPair } from './http-server.ts';
import type { Http2Carrier } from './http2-carrier.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Request } from './http2-request.ts';
import { Http2Response } from './http2-response.ts';
import { describePeer, type Peer } from './peer.ts';
import { ProxyTrust } from './proxy-trust.ts';
import { tlsFilesOf } from './tls-pair.ts';
import { TlsWatch } from './tls-watch.ts';
import { TurnEnd } from './turn-end.ts';

/** How long requests under way may take when nothing else is said. */
const GRACE_MS = 10_000;

/** What the data plane works with. */
export interface DataPlaneOptions {
  readonly config: Pick<Config, 'listen' | 'http' | 'trustedProxies' | 'tls'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly invoker: Invoker;
  /** The router of this moment; asked once for every request. */
  readonly router: () => Router;
  /** Descriptor of a bound socket to listen on, instead of `config.listen`. */
  readonly listenFd?: number;
}

/** A data plane that serves. */
export interface DataPlane extends Closeable {
  /** Where it listens, with the port it got. */
  readonly address: ListenAddress;
  /**
   * Takes no more connections, lets requests under way finish, closes what is left.
   *
   * @param graceMs How long requests under way may take.
   * @param idleMs How long idle connections are kept for a request that is on its way; at most `graceMs`.
   */
  close(graceMs?: number, idleMs?: number): Promise<void>;
}

/**
 * Opens the data plane.
 *
 * @throws {invalid_listen_address} If `listen` is not host:port.
 * @throws {invalid_setting} If `trustedProxies` has something that is no address.
 * @throws {invalid_setting} If only one of `tls.cert` and `tls.key` is set.
 * @throws {tls_unusable} If they are no usable pair.
 * @throws {listen_failed} If the address cannot be had.
 */
export async function openDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const files = tlsFilesOf(options.config.tls);
  const tls = files === undefined ? undefined : await TlsWatch.open(files, options);
  let plane: NodeDataPlane | undefined;
  try {
    plane = new NodeDataPlane(options, tls);
    await plane.listen();
    return plane;
  } catch (error) {
    await (plane ?? tls)?.close();
    throw error;
  }
}

class NodeDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #parts: ExchangeParts;
  readonly #app: FastifyInstance;
  readonly #tls: TlsWatch | undefined;
  /** Those that speak HTTP/1.1. */
  readonly #connections = new Map<Socket, Connection>();
  /** Those that speak HTTP/2. */
  readonly #sessions = new Set<Http2Connection>();
  /** What lies below TLS, from the handshake on. */
  readonly #tlsSockets = new Set<Socket>();
  #address: ListenAddress = { host: '', port: 0 };
  /** How long idle connections are kept while it closes. */
  #idleMs = 0;
  #closing: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: DataPlaneOptions, tls: TlsWatch | undefined) {
    const { config, invoker, router, log, clock } = options;
    this.#options = options;
    this.#tls = tls;
    this.#parts = {
      invoker,
      router,
      log,
      names: new FieldNames(),
      trust: new ProxyTrust(config.trustedProxies),
      turnEnd: new TurnEnd(clock),
    };
    this.#app = this.#createApp();
  }

  get address(): ListenAddress {
    return this.#address;
  }

  async listen(): Promise<void> {
    const { config, listenFd } = this.#options;
    const { host, port } = parseListenAddress(config.listen, 'listen');
    try {
      await (listenFd === undefined ? this.#app.listen({ host, port }) : this.#listenOn(listenFd));
    } catch (error) {
      const name = listenFd === undefined ? config.listen : `descriptor ${listenFd}`;
      throw toListenError(error, 'listen', name);
    }
    const bound = this.#app.server.address();
    if (bound !== null && typeof bound === 'object') {
      this.#address = { host: bound.address, port: bound.port };
    }
  }

  close(graceMs = GRACE_MS, idleMs = 0): Promise<void> {
    if (this.#closing === undefined) this.#idleMs = Math.min(graceMs, idleMs);
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  /** Fastify's own `listen` knows no descriptors. */
  async #listenOn(fd: number): Promise<void> {
    const { server } = this.#app;
    await this.#app.ready();
    server.listen({ fd });
    // Rejects if an error comes first.
    await once(server, 'listening');
  }

  #createApp(): FastifyInstance {
    const app = fastify({
      serverFactory: (handler) => this.#createServer(handler),
      clientErrorHandler: (error, socket) => this.#handleClientError(error, socket),
      // Every path is one route: paths are the functions' business, and find-my-way would decode them.
      rewriteUrl: () => '/',
      exposeHeadRoutes: false,
      return503OnClosing: false,
      forceCloseConnections: false,
    });
    const methods = METHODS.filter((method) => method !== 'CONNECT');
    for (const method of methods) {
      // To Fastify no method has a body: it would parse it.
      app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
    }
    app.route({
      method: methods,
      url: '/',
      handler: (request, reply) => {
        reply.hijack();
        this.#handleRequest(request.raw, reply.raw, request.originalUrl);
      },
    });
    return app;
  }

  #createServer(handler: (request: IncomingMessage, response: ServerResponse) => void): Server {
    const { http } = this.#options.config;
    const tls = this.#tls;
    const scheme = tls === undefined ? 'http' : 'https';
    const events = {
      onConnection: (socket: Socket) => this.#handleConnection(socket, scheme),
      onRefused: (socket: Socket, error: HostError) => this.#connections.get(socket)?.refuse(error),
    };
    if (tls === undefined) return createHttpServer(http, handler, events);
    const server = createHttpsServer(http, tls.pair, handler, {
      ...events,
      onHandshake: (socket) => this.#handleHandshake(socket),
      onHttp2: (socket) => this.#handleHttp2(socket),
    });
    tls.onPair = (pair) => useTlsPair(server, pair);
    return server;
  }

  #handleConnection(socket: Socket, scheme: Peer['scheme']): void {
    const peer = describePeer(socket, scheme, this.#parts.trust);
    const connection = new Connection(socket, this.#options.clock, peer);
    this.#connections.set(socket, connection);
    // Node's own listener tells of errors through `clientError`, but it leaves with the parser.
    socket.on('error', () => {});
    socket.on('close', () => this.#handleDisconnection(socket, connection));
    if (this.#closing !== undefined) connection.startClosing(this.#idleMs);
  }

  #handleDisconnection(socket: Socket, connection: Connection): void {
    this.#connections.delete(socket);
    connection.handleClose();
    this.#checkDrained();
  }

  #handleHandshake(socket: Socket): void {
    this.#tlsSockets.add(socket);
    socket.on('close', () => {
      this.#tlsSockets.delete(socket);
      this.#checkDrained();
    });
  }

  #handleHttp2(socket: Socket): void {
    const { clock, config } = this.#options;
    // The session tells of what goes wrong; its own listener leaves with it.
    socket.on('error', () => {});
    const session = new Http2Connection(socket, describePeer(socket, 'https', this.#parts.trust), {
      clock,
      limits: config.http,
      onRequest: (request, stream, carrier) => this.#handleStream(request, stream, carrier),
      onClose: () => {
        this.#sessions.delete(session);
        this.#checkDrained();
      },
    });
    this.#sessions.add(session);
    if (this.#closing !== undefined) session.startClosing();
  }

  #handleStream(request: Http2Request, stream: ServerHttp2Stream, carrier: Http2Carrier): void {
    const { headerBytes, requestTimeoutMs } = this.#options.config.http;
    const response = new Http2Response(stream, request.method === 'HEAD');
    const exchange = new Exchange(this.#parts, carrier, request, response);
    const fault = request.findFault(headerBytes);
    if (fault === undefined) exchange.handle(request.target);
    else exchange.refuse(fault);
    carrier.expire(exchange, requestTimeoutMs, this.#options.clock);
  }

  get #isDrained(): boolean {
    return this.#connections.size + this.#sessions.size + this.#tlsSockets.size === 0;
  }

  #checkDrained(): void {
    if (this.#isDrained) this.#onDrained?.();
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse, target: string): void {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.isEnding) return;
    if (this.#closing !== undefined) response.shouldKeepAlive = false;
    new Exchange(this.#parts, connection, request, response).handle(target);
  }

  #handleClientError(failure: Error & { code?: string }, socket: Socket): void {
    const connection = this.#connections.get(socket);
    const refusal = refusalOf(failure, this.#options.config.http);
    if (connection === undefined || refusal === undefined || !socket.writable) socket.destroy();
    else connection.refuse(refusal);
  }

  async #close(graceMs: number): Promise<void> {
    const { server } = this.#app;
    // Not http's own close: it cuts idle connections off at once, and with them requests that have
    // arrived and were not read yet.
    NetServer.prototype.close.call(server);
    await new Promise((resolve) => setImmediate(resolve));
    const drained = new Promise<void>((resolve) => (this.#onDrained = resolve));
    for (const connection of this.#connections.values()) connection.startClosing(this.#idleMs);
    for (const session of this.#sessions) session.startClosing();
    const cancel = this.#options.clock.after(graceMs, () => this.#destroyAll());
    if (!this.#isDrained) await drained;
    cancel();
    // Ends the looks for slow connections; Fastify closes only what it has opened.
    server.close();
    await this.#app.close();
    await this.#tls?.close();
  }

  #destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#tlsSockets) socket.destroy();
  }
}
