/** What the outgoing clients of all versions share: clock, name resolution, trust, and a bound on connections. */
import { lookup } from 'node:dns';
import type { Clock } from '../../base/clock.ts';
import type { ResolveName } from './address-lookup.ts';

/** Exchanges of the whole host at once: each takes at most one socket, and sockets are a limited good. */
const MAX_EXCHANGES = 4096;

/** The outside world of outgoing requests. */
export interface OutboundNetworkParts {
  readonly clock: Clock;
  /** Default: the system's. */
  readonly lookup?: ResolveName;
  /** PEM certificates trusted instead of Node's. */
  readonly ca?: string;
}

/** Shared by all outgoing clients of a process. */
export class OutboundNetwork {
  readonly clock: Clock;
  readonly lookup: ResolveName;
  readonly tls: { readonly ca?: string };
  #exchanges = 0;

  constructor(parts: OutboundNetworkParts) {
    this.clock = parts.clock;
    this.lookup = parts.lookup ?? lookup;
    this.tls = parts.ca === undefined ? {} : { ca: parts.ca };
  }

  /** Takes a place for one exchange; undefined if there is none. The returned function gives it back. */
  takePlace(): (() => void) | undefined {
    if (this.#exchanges >= MAX_EXCHANGES) return undefined;
    this.#exchanges += 1;
    return () => {
      this.#exchanges -= 1;
    };
  }
}
