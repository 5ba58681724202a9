/**
 * The resource `future-incoming-response` of `wasi:http/types`, and with it the life of one exchange
 * with a server: it is aborted when the guest drops what is left of it, and when the invocation ends.
 */
import type { Pollable } from '../io/pollable.ts';
import type { ByteSource, Guest, OutgoingHttpExchange, OutgoingHttpResponse } from '../ports.ts';
import type { BodyPipe } from './body-pipe.ts';
import { errorCodeOf, type ErrorCode } from './error-code.ts';
import { IncomingResponse } from './incoming-response.ts';
import { Once, type Result, type TakenOnce } from './once.ts';

/** A response that will be there, or an error. */
export class FutureIncomingResponse {
  readonly #guest: Guest;
  readonly #exchange: OutgoingHttpExchange;
  readonly #response: Once<Result<IncomingResponse, ErrorCode>>;
  readonly #disown: () => void;

  /**
   * @param exchange Under way.
   * @param body What the guest writes; undefined if it never asked for the body.
   */
  constructor(guest: Guest, exchange: OutgoingHttpExchange, body: BodyPipe | undefined) {
    this.#guest = guest;
    this.#exchange = exchange;
    this.#response = new Once(guest);
    this.#disown = guest.own({ close: () => exchange.abort() });
    exchange.response.then(
      (response) => this.#arrive(response),
      (error: unknown) => this.#fail(errorCodeOf(error)),
    );
    if (body === undefined) exchange.finish(undefined);
    else this.#sendBody(body);
  }

  subscribe(): Pollable {
    return this.#response.subscribe();
  }

  get(): TakenOnce<Result<IncomingResponse, ErrorCode>> | undefined {
    return this.#response.take();
  }

  /** The response must have been taken by now, or nobody ever will. */
  [Symbol.dispose](): void {
    const given = this.#response.taken;
    this.#response.close((result) => {
      if (result.tag === 'ok') result.val[Symbol.dispose]();
    });
    if (!given) this.#abort();
  }

  #sendBody(body: BodyPipe): void {
    body.attach({
      sink: this.#exchange.body,
      limitBytes: Infinity,
      end: (trailers) => this.#exchange.finish(trailers),
      abort: (code) => {
        this.#fail(code);
        this.#abort();
      },
    });
  }

  #arrive(response: OutgoingHttpResponse): void {
    const body = new WatchedSource(response.body, () => this.#disown());
    const incoming = new IncomingResponse(this.#guest, {
      status: response.status,
      headers: response.headers,
      body,
      trailers: () => response.trailers(),
    });
    if (!this.#response.settle({ tag: 'ok', val: incoming })) incoming[Symbol.dispose]();
  }

  #fail(code: ErrorCode): void {
    this.#disown();
    this.#response.settle({ tag: 'err', val: code });
  }

  #abort(): void {
    this.#disown();
    this.#exchange.abort();
  }
}

/** Tells when a body is over, one way or the other. */
export class WatchedSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #onOver: () => void;

  constructor(source: ByteSource, onOver: () => void) {
    this.#source = source;
    this.#onOver = onOver;
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    const taken = this.#source.take(maxBytes);
    if (taken === 'end') this.#onOver();
    return taken;
  }

  ready(): Promise<void> {
    return this.#source.ready();
  }

  close(): void {
    this.#source.close();
    this.#onOver();
  }
}
