/** What an exchange knows of how its request came: on a connection of HTTP/1.1, or as a stream of HTTP/2. */
import type { Peer } from './peer.ts';

/** A request under way. */
export interface OpenExchange {
  /** Whether the whole request has arrived. */
  readonly isReceived: boolean;
  /** Whether its response has begun. */
  readonly isAnswering: boolean;
  /** No request can follow this one: says so if the response has not begun. */
  forbidNext(): void;
  /** The client, or its way to us, is gone. */
  clientGone(): void;
}

/** What brought a request. */
export interface Carrier {
  readonly peer: Peer;
  add(exchange: OpenExchange): void;
  /** An exchange is over. */
  remove(exchange: OpenExchange): void;
  /**
   * Ends amid the response of `exchange`, so that the client notices.
   *
   * @param mustReset Whether the client cannot tell by the framing.
   */
  breakOff(exchange: OpenExchange, mustReset: boolean): void;
  /** Takes nothing more of a request that has its answer. */
  destroy(): void;
}
