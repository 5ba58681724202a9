/**
 * The data plane's way in: HTTP requests to invocations, and back. Fastify runs the server; its router and its
 * parsing of bodies are left out, because paths belong to the functions and bodies are streamed.
 */
import { once } from 'node:events';
import { METHODS, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import type { Closeable } from '../base/closeable.ts';
import type { Clock } from '../base/clock.ts';
import { parseListenAddress, type ListenAddress } from '../config/listen-address.ts';
import { toListenError } from '../config/listen-error.ts';
import type { Config } from '../config/schema.ts';
import type { Invoker } from '../invoke/invoker.ts';
import type { Log } from '../logs/log.ts';
import type { Router } from '../traffic/router.ts';
import { Connection } from './connection.ts';
import { Exchange, type ExchangeParts } from './exchange.ts';
import { FieldNames } from './field-names.ts';
import { createHttpServer, refusalOf } from './http-server.ts';
import { ProxyTrust } from './proxy-trust.ts';
import { TurnEnd } from './turn-end.ts';

/** How long requests under way may take when nothing else is said. */
const GRACE_MS = 10_000;

/** What the data plane works with. */
export interface DataPlaneOptions {
  readonly config: Pick<Config, 'listen' | 'http' | 'trustedProxies'>;
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
 * @throws {listen_failed} If the address cannot be had.
 */
export async function openDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const plane = new NodeDataPlane(options);
  await plane.listen();
  return plane;
}

class NodeDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #parts: ExchangeParts;
  readonly #app: FastifyInstance;
  readonly #connections = new Map<Socket, Connection>();
  #address: ListenAddress = { host: '', port: 0 };
  /** How long idle connections are kept while it closes. */
  #idleMs = 0;
  #closing: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: DataPlaneOptions) {
    const { config, invoker, router, log, clock } = options;
    this.#options = options;
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
    const { http } = this.#options.config;
    const app = fastify({
      serverFactory: (handler) =>
        createHttpServer(http, handler, {
          onConnection: (socket) => this.#handleConnection(socket),
          onRefused: (socket, error) => this.#connections.get(socket)?.refuse(error),
        }),
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

  #handleConnection(socket: Socket): void {
    const connection = new Connection(socket, this.#options.clock, this.#parts.trust);
    this.#connections.set(socket, connection);
    // Node's own listener tells of errors through `clientError`, but it leaves with the parser.
    socket.on('error', () => {});
    socket.on('close', () => this.#handleDisconnection(socket, connection));
    if (this.#closing !== undefined) connection.startClosing(this.#idleMs);
  }

  #handleDisconnection(socket: Socket, connection: Connection): void {
    this.#connections.delete(socket);
    connection.handleClose();
    if (this.#connections.size === 0) this.#onDrained?.();
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
    const cancel = this.#options.clock.after(graceMs, () => this.#destroyAll());
    if (this.#connections.size > 0) await drained;
    cancel();
    // Ends the looks for slow connections; Fastify closes only what it has opened.
    server.close();
    await this.#app.close();
  }

  #destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }
}
