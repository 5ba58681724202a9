/**
 * Who may ask for what: every route names what it needs, and a route that names nothing needs the
 * strongest scope, so that a forgotten line closes a door instead of opening one.
 */
import type { FastifyRequest } from 'fastify';
import { HostError } from '../base/errors.ts';
import type { TokenRecord } from '../registry/registry.ts';
import { isLoopback } from './host-header.ts';
import { allowsScope, type Scope } from './token-format.ts';
import type { Tokens } from './tokens.ts';

/** What a route needs: a scope; `metrics` as configured; `open` nothing. */
export type Access = Scope | 'metrics' | 'open';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** See `host/admin/authorise.ts`. */
    access?: Access;
  }
}

/** Who reads `/metrics` without a token. */
export type OpenMetrics = 'loopback' | 'always' | 'never';

/** Checks requests and remembers whose they are. */
export class Authoriser {
  readonly #tokens: Tokens;
  readonly #openMetrics: OpenMetrics;
  readonly #actors = new WeakMap<FastifyRequest, TokenRecord>();

  constructor(tokens: Tokens, openMetrics: OpenMetrics) {
    this.#tokens = tokens;
    this.#openMetrics = openMetrics;
  }

  /**
   * Lets a request pass or refuses it.
   *
   * @throws {unauthorized} If it has no valid token and needs one.
   * @throws {forbidden} If its token lacks the scope.
   */
  check(request: FastifyRequest): void {
    const access = request.is404 ? 'read' : (request.routeOptions.config.access ?? 'admin');
    if (access === 'open' || (access === 'metrics' && this.#readsMetrics(request))) return;
    const token = this.#tokenOf(request.headers.authorization);
    const scope = access === 'metrics' ? 'read' : access;
    if (!allowsScope(token.scopes, scope)) {
      throw new HostError('forbidden', { token: token.name, scope });
    }
    this.#actors.set(request, token);
  }

  /** Id of the token a request came with; for routes that need one. */
  actorOf(request: FastifyRequest): string {
    const token = this.#actors.get(request);
    if (token === undefined) throw new HostError('unauthorized', { reason: 'there is no token' });
    return token.id;
  }

  #readsMetrics(request: FastifyRequest): boolean {
    if (this.#openMetrics !== 'loopback') return this.#openMetrics === 'always';
    return isLoopback(request.socket.remoteAddress ?? '');
  }

  #tokenOf(header: string | undefined): TokenRecord {
    if (header === undefined) {
      throw new HostError('unauthorized', { reason: 'the request has no token' });
    }
    const text = /^bearer +(\S+)$/i.exec(header)?.[1];
    const token = text === undefined ? undefined : this.#tokens.find(text);
    if (token !== undefined) return token;
    throw new HostError('unauthorized', { reason: 'this host does not know the token' });
  }
}
