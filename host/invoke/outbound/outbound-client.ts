/**
 * Sends the requests of one version's guests, within its grant, over connections of its own.
 *
 * Connections are never shared between versions: what a connection may lead to is decided by the grant
 * it was opened under, and a guest that confuses a server about where a request ends harms only itself.
 * undici closes idle ones after four seconds.
 */
import { isIP } from 'node:net';
import { Agent, buildConnector, Pool } from 'undici';
import type { Closeable } from '../../base/closeable.ts';
import {
  HttpFailure,
  type OutgoingHttp,
  type OutgoingHttpExchange,
  type OutgoingHttpRequest,
} from '../../wasi/ports.ts';
import { buildAddressLookup } from './address-lookup.ts';
import type { AllowList } from './allow-list.ts';
import { OutboundExchange } from './outbound-exchange.ts';
import type { OutboundNetwork } from './outbound-network.ts';
import { readTarget, type Target } from './target.ts';

/** Exchanges of one version at once, and so its connections: those beyond get `connection-limit-reached`. */
const MAX_EXCHANGES = 128;
/** A guest's own connect time-out may be shorter. */
const CONNECT_TIMEOUT_MS = 30_000;
const POOL_OPTIONS: Pool.Options = {
  allowH2: false,
  pipelining: 1,
  // Time-outs are the guest's, and the invocation's.
  headersTimeout: 0,
  bodyTimeout: 0,
  // Head of a response; Node's default of 16 KiB is too small for some cookies.
  maxHeaderSize: 65_536,
  // Idle connections, unless the server names a time, and the longest it may name.
  keepAliveTimeout: 4000,
  keepAliveMaxTimeout: 30_000,
};

/** The outgoing client of one version. */
export class OutboundClient implements OutgoingHttp, Closeable {
  readonly #network: OutboundNetwork;
  readonly #allowed: AllowList;
  #agent: Agent | undefined;
  #exchanges = 0;
  #closed = false;

  /**
   * @param allowed The version's grant.
   * @param network One for the whole host.
   */
  constructor(allowed: AllowList, network: OutboundNetwork) {
    this.#allowed = allowed;
    this.#network = network;
  }

  /** Exchanges that undici still holds something of. */
  get exchanges(): number {
    return this.#exchanges;
  }

  send(request: OutgoingHttpRequest): OutgoingHttpExchange {
    const target = readTarget(request.scheme, request.authority);
    if (target === undefined) throw new HttpFailure({ tag: 'HTTP-request-URI-invalid' });
    if (this.#closed || !this.#allowed.allowsTarget(target)) {
      throw new HttpFailure({ tag: 'HTTP-request-denied' });
    }
    if (isIP(target.host) !== 0) this.#checkAddress(target);
    const release = this.#takePlace();
    return new OutboundExchange({
      clock: this.#network.clock,
      request,
      origin: target.origin,
      dispatcher: (this.#agent ??= this.#createAgent()),
      onReleased: release,
    });
  }

  /** Ends what is under way, and all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.destroy(new HttpFailure({ tag: 'connection-terminated' }));
  }

  #checkAddress(target: Target): void {
    if (this.#allowed.allowsAddress(target, target.host)) return;
    throw new HttpFailure({ tag: 'destination-IP-prohibited' });
  }

  #takePlace(): () => void {
    const place = this.#exchanges < MAX_EXCHANGES ? this.#network.takePlace() : undefined;
    if (place === undefined) throw new HttpFailure({ tag: 'connection-limit-reached' });
    this.#exchanges += 1;
    return () => {
      this.#exchanges -= 1;
      place();
    };
  }

  #createAgent(): Agent {
    return new Agent({
      factory: (origin) =>
        new Pool(origin, { ...POOL_OPTIONS, connect: this.#createConnector(new URL(origin)) }),
    });
  }

  /** Connects one origin, whose addresses are checked when they are known and before anything is sent. */
  #createConnector({ protocol, host }: URL): buildConnector.connector {
    const target = readTarget(protocol === 'https:' ? 'https' : 'http', host);
    if (target === undefined) throw new HttpFailure({ tag: 'HTTP-request-URI-invalid' });
    const isAllowed = (address: string): boolean => this.#allowed.allowsAddress(target, address);
    return buildConnector({
      ...this.#network.tls,
      allowH2: false,
      timeout: CONNECT_TIMEOUT_MS,
      lookup: buildAddressLookup(this.#network.lookup, isAllowed),
    });
  }
}
