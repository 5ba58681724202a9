/**
 * The host's side of one incoming exchange: gives the guest its request and the place for its
 * response, sends the response's head the moment it is set, and tells afterwards what became of it.
 */
import type { Field, Guest, HttpResponder, IncomingHttpRequest } from '../ports.ts';
import type { BodyPipe, BodyState, BodyTaker } from './body-pipe.ts';
import type { ErrorCode } from './error-code.ts';
import { IncomingRequest } from './incoming-request.ts';
import { OutgoingResponse, type ResponseParts } from './outgoing-response.ts';
import { ResponseOutparam, type ResponseResult } from './response-outparam.ts';

/** What became of an exchange. Nothing was begun unless `begun` of the exchange says so. */
export type ExchangeResult =
  /** The responder was given a complete response. */
  | { readonly kind: 'complete' }
  /** The guest returned without setting a response. */
  | { readonly kind: 'no_response' }
  /** The guest answered with an error, or with a response that cannot be sent. */
  | { readonly kind: 'error_code'; readonly code: ErrorCode }
  /** The body was dropped unfinished, or has another length than declared; it was aborted if begun. */
  | { readonly kind: 'incomplete_body' }
  /** The body is larger than the limit; it was aborted if begun. */
  | { readonly kind: 'response_too_large' }
  /** The client left before it had everything. */
  | { readonly kind: 'client_gone' };

/** Limits of an exchange. */
export interface ExchangeLimits {
  readonly responseBodyBytes: number;
}

/** One request and its response. */
export class HttpExchange {
  /** First argument of `wasi:http/incoming-handler.handle`. */
  readonly incomingRequest: IncomingRequest;
  /** Second argument. */
  readonly responseOutparam: ResponseOutparam;
  readonly #request: IncomingHttpRequest;
  readonly #responder: HttpResponder;
  readonly #limits: ExchangeLimits;
  #state: 'waiting' | 'begun' | 'over' = 'waiting';
  #begun = false;
  #result: ExchangeResult | undefined;
  #body: BodyPipe | undefined;

  constructor(
    guest: Guest,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    limits: ExchangeLimits,
  ) {
    this.#request = request;
    this.#responder = responder;
    this.#limits = limits;
    this.incomingRequest = new IncomingRequest(guest, request);
    this.responseOutparam = new ResponseOutparam((response) => this.#set(response));
  }

  /** Whether the response's head was sent: no other answer is possible then. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The guest answers with an error. */
  refuse(code: ErrorCode): void {
    if (this.#state === 'waiting') this.#result = { kind: 'error_code', code };
  }

  /** The guest answers: the head is sent at once. Once at most. */
  respond(parts: ResponseParts): void {
    const bodiless = isBodiless(this.#request.method, parts.status);
    this.#result = refusalOf(parts, bodiless, this.#limits.responseBodyBytes);
    if (this.#result === undefined) this.#begin(parts, bodiless);
    else parts.body?.close();
  }

  /**
   * The guest's `handle` has returned: an unfinished body never will be finished.
   *
   * @returns The result at once, or a promise of it where a finished body waits for the client to read. Never rejects.
   */
  finishAfterReturn(): ExchangeResult | Promise<ExchangeResult> {
    this.#request.body.close();
    const body = this.#body;
    if (this.#result !== undefined || body === undefined) return this.#over(NO_RESPONSE);
    body.abandon();
    if (body.isSettled) return this.#over(RESULT_OF_BODY[body.state]);
    return body.settled.then(() => this.#over(RESULT_OF_BODY[body.state]));
  }

  /** The invocation ended otherwise: a begun response is cut off. Idempotent; nothing happens to a complete one. */
  abort(reason: string): void {
    this.#request.body.close();
    if (this.#state === 'begun') this.#responder.abort(reason);
    this.#state = 'over';
    this.#body?.close();
  }

  #over(result: ExchangeResult): ExchangeResult {
    this.#result ??= result;
    this.#state = 'over';
    return this.#result;
  }

  #set(response: ResponseResult): void {
    if (response.tag === 'err') this.refuse(response.val);
    else if (this.#state === 'waiting') this.respond(OutgoingResponse.take(response.val));
  }

  #begin({ status, headers, body }: ResponseParts, bodiless: boolean): void {
    this.#state = 'begun';
    this.#begun = true;
    const sink = this.#responder.begin(status, status === 204 ? withoutLength(headers) : headers);
    if (body === undefined || bodiless) {
      this.#end(undefined);
      this.#result = { kind: 'complete' };
      body?.discard();
      return;
    }
    const taker: BodyTaker = {
      sink,
      limitBytes: this.#limits.responseBodyBytes,
      end: (trailers) => this.#end(trailers),
      abort: (code) => this.#cutOff(`the function's response ended with ${code.tag}`),
    };
    this.#body = body;
    body.attach(taker);
  }

  #end(trailers: readonly Field[] | undefined): void {
    if (this.#state !== 'begun') return;
    this.#state = 'over';
    this.#responder.end(trailers);
  }

  #cutOff(reason: string): void {
    if (this.#state !== 'begun') return;
    this.#state = 'over';
    this.#responder.abort(reason);
  }
}

/** Why a response cannot be sent at all, if so. */
function refusalOf(
  { status, declaredBytes, body }: ResponseParts,
  bodiless: boolean,
  limitBytes: number,
): ExchangeResult | undefined {
  // An interim status would leave the client waiting for the real one.
  if (status < 200) return { kind: 'error_code', code: { tag: 'HTTP-protocol-error' } };
  if (declaredBytes === 'invalid') {
    return { kind: 'error_code', code: { tag: 'HTTP-protocol-error' } };
  }
  if (bodiless) return undefined;
  if (declaredBytes !== undefined && declaredBytes > limitBytes) {
    return { kind: 'response_too_large' };
  }
  if (body === undefined) {
    return (declaredBytes ?? 0) > 0 ? { kind: 'incomplete_body' } : undefined;
  }
  const state = body.checkBefore(limitBytes);
  return state === 'open' || state === 'finished' ? undefined : RESULT_OF_BODY[body.state];
}

const NO_RESPONSE: ExchangeResult = { kind: 'no_response' };

const RESULT_OF_BODY: Readonly<Record<BodyState, ExchangeResult>> = {
  finished: { kind: 'complete' },
  too_large: { kind: 'response_too_large' },
  taker_gone: { kind: 'client_gone' },
  open: { kind: 'incomplete_body' },
  abandoned: { kind: 'incomplete_body' },
  wrong_length: { kind: 'incomplete_body' },
};

/** Whether HTTP allows no body here; what the guest writes is then swallowed. */
function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** RFC 9110, 8.6: no content-length in a 204. */
function withoutLength(headers: readonly Field[]): readonly Field[] {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}
