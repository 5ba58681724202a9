/** One stream of a session, as an exchange sees it: when its client gives it up, only its invocation is cancelled. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { Carrier, OpenExchange } from './carrier.ts';
import type { Peer } from './peer.ts';

/** An exchange that can be told that its request takes too long. */
export interface ExpiringExchange extends OpenExchange {
  /** Answers with `error` if no answer has begun, and gives the invocation up. */
  expire(error: HostError): void;
}

/** The stream of one request. */
export class Http2Carrier implements Carrier {
  readonly peer: Peer;
  readonly #stream: ServerHttp2Stream;
  #exchange: OpenExchange | undefined;

  constructor(stream: ServerHttp2Stream, peer: Peer) {
    this.#stream = stream;
    this.peer = peer;
    stream.on('aborted', () => this.#handleLoss());
    // A stream whose side was ended is not told that it is aborted.
    stream.on('close', () => this.#handleLoss());
    stream.on('error', ignore);
  }

  /** Gives the client this long to send the whole request. @param timeoutMs 0 is no limit. */
  expire(exchange: ExpiringExchange, timeoutMs: number, clock: Clock): void {
    if (timeoutMs === 0 || exchange.isReceived) return;
    const cancel = clock.after(timeoutMs, () => {
      const code = exchange.isAnswering ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR;
      if (this.#exchange !== undefined) exchange.expire(new HostError('request_incomplete'));
      // Without an error it waits until the answer has left.
      this.#stream.close(code);
    });
    this.#stream.on('end', cancel);
    this.#stream.on('close', cancel);
  }

  add(exchange: OpenExchange): void {
    this.#exchange = exchange;
  }

  remove(): void {
    this.#exchange = undefined;
  }

  breakOff(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  destroy(): void {
    this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  #handleLoss(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.clientGone();
  }
}

/** `close` follows, and tells of it. */
function ignore(): void {}
