/**
 * One connection that speaks HTTP/2 (RFC 9113): what its client may do at once and over time, and how it ends without a request lost.
 *
 * nghttp2 itself bounds what waits in memory, streams at once, and frames that make no sense. What costs us work and is
 * none of that (streams that are given up, pings, settings) comes out of a budget.
 */
import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import { Http2Carrier } from './http2-carrier.ts';
import { Http2Request } from './http2-request.ts';
import { NuisanceBudget } from './nuisance-budget.ts';
import type { Peer } from './peer.ts';

/** Requests of one client at once; more are refused, and it may send them again. */
const STREAMS = 100;
/** A head up to this many times the limit is read, so that it can be answered with 431. */
const READABLE_HEADS = 2;
/** Least that one field counts. */
const FIELD_BYTES = 32;
/** How long a client has to answer the ping after the word that we close; some go without answering it. */
const WORD_MS = 500;
/** How long a client has to read the last answer, and to close. */
const LINGER_MS = 2000;
/** No stream has a greater number: "all that are on their way will be served". */
const LAST_STREAM = 2 ** 31 - 1;

/** What a connection works with. */
export interface Http2Parts {
  readonly limits: Config['http'];
  readonly clock: Clock;
  /** Serves a request. */
  onRequest(request: Http2Request, stream: ServerHttp2Stream, carrier: Http2Carrier): void;
  onClose(): void;
}

/** State of one session. */
export class Http2Connection {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #parts: Http2Parts;
  readonly #nuisances: NuisanceBudget;
  #openStreams = 0;
  #idleSinceMs: number;
  #cancelIdle: (() => void) | undefined;
  #cancelLinger: (() => void) | undefined;
  #isNew = true;
  #isClosing = false;
  #isClosed = false;

  /** @param socket Its client has chosen HTTP/2, and nothing of it was read. */
  constructor(socket: Socket, peer: Peer, parts: Http2Parts) {
    const { limits, clock } = parts;
    this.#socket = socket;
    this.#peer = peer;
    this.#parts = parts;
    this.#nuisances = new NuisanceBudget(clock);
    this.#idleSinceMs = clock.monotonicMs();
    this.#session = this.#openSession();
    // As in HTTP/1.1, a client that connects must also ask for something.
    if (limits.headersTimeoutMs > 0) this.#watchIdle(limits.headersTimeoutMs);
  }

  /** Serves what is on its way, and no more; closes as soon as it is idle. */
  startClosing(): void {
    if (this.#isClosing || this.#isClosed) return;
    this.#isClosing = true;
    this.#cancelIdle?.();
    const session = this.#session;
    session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM);
    // Once the ping is back, the client has read that it may not ask for more, and what it had sent is here.
    const close = (): void => {
      cancel();
      if (session.destroyed) return;
      session.close();
      if (this.#openStreams === 0) this.#linger();
    };
    const cancel = this.#parts.clock.after(WORD_MS, close);
    if (!session.ping(close)) close();
  }

  /** Ends it at once. */
  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  #openSession(): ServerHttp2Session {
    const { headerBytes } = this.#parts.limits;
    const session = performServerHandshake(this.#socket, {
      settings: {
        maxConcurrentStreams: STREAMS,
        maxHeaderListSize: headerBytes * READABLE_HEADS,
        enablePush: false,
      },
      maxHeaderListPairs: Math.ceil((headerBytes * READABLE_HEADS) / FIELD_BYTES),
      // As in HTTP/1.1: which fields may come twice is for the function to judge.
      strictSingleValueFields: false,
    });
    session.on('stream', (stream, headers, _flags, raw) =>
      this.#handleStream(stream, headers, raw),
    );
    session.on('ping', () => this.#noteNuisance());
    session.on('remoteSettings', () => this.#noteNuisance());
    // `close` follows.
    session.on('error', () => {});
    session.on('close', () => this.#handleClose());
    return session;
  }

  #handleStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]): void {
    if (stream.destroyed || stream.closed) {
      // Given up in the same breath: nobody has worked for it.
      stream.on('error', () => {});
      this.#noteNuisance();
      return;
    }
    this.#openStreams += 1;
    if (this.#isNew) {
      this.#isNew = false;
      this.#cancelIdle?.();
      this.#cancelIdle = undefined;
    }
    stream.on('close', () => this.#handleStreamClose(stream));
    const carrier = new Http2Carrier(stream, this.#peer);
    this.#parts.onRequest(new Http2Request(stream, headers, raw), stream, carrier);
  }

  #handleStreamClose(stream: ServerHttp2Stream): void {
    this.#openStreams -= 1;
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#noteNuisance();
    if (this.#openStreams > 0 || this.#isClosed) return;
    this.#idleSinceMs = this.#parts.clock.monotonicMs();
    const { keepAliveTimeoutMs } = this.#parts.limits;
    if (this.#session.closed) this.#linger();
    else if (keepAliveTimeoutMs > 0) this.#watchIdle(keepAliveTimeoutMs);
  }

  /** Closes the connection once no stream was open for this long. One timer at most: it is not set anew for each request. */
  #watchIdle(timeoutMs: number): void {
    if (this.#cancelIdle !== undefined || this.#isClosing) return;
    const check = (): void => {
      this.#cancelIdle = undefined;
      if (this.#openStreams > 0) return;
      const leftMs = this.#idleSinceMs + timeoutMs - this.#parts.clock.monotonicMs();
      if (leftMs <= 0) this.startClosing();
      else this.#cancelIdle = this.#parts.clock.after(leftMs, check);
    };
    this.#cancelIdle = this.#parts.clock.after(timeoutMs, check);
  }

  #linger(): void {
    this.#cancelLinger ??= this.#parts.clock.after(LINGER_MS, () => this.destroy());
  }

  #noteNuisance(): void {
    if (this.#isClosed || this.#session.destroyed || this.#nuisances.take()) return;
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#linger();
  }

  #handleClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelIdle?.();
    this.#cancelLinger?.();
    this.#parts.onClose();
  }
}
