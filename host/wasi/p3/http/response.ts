/** The resource `response` of `wasi:http/types` 0.3: one that a server gave, or that a guest builds. */
import { createPlainError } from '../../http/error-code.ts';
import { contentLengthOf, withoutForbidden } from '../../http/field-rules.ts';
import type { ResponseParts } from '../../http/outgoing-response.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../../host-bytes.ts';
import type { ByteSource, Field, Guest, OutgoingHttpResponse } from '../../ports.ts';
import { Fields3 } from './fields.ts';
import {
  MessageBody,
  type Departure,
  type SentResult,
  type TrailersResult,
} from './message-body.ts';

/** What is sent of a response that a guest returned. */
export interface SentResponse {
  readonly parts: ResponseParts;
  /** Undefined if it has no body. */
  readonly departure: Departure | undefined;
}

/** A response. */
export class Response {
  readonly #guest: Guest;
  readonly #body: MessageBody;
  readonly #headers: Fields3;
  readonly #refund: () => void;
  #status = 200;
  #gone = false;

  private constructor(guest: Guest, headers: Fields3, body: MessageBody) {
    this.#guest = guest;
    this.#headers = headers;
    this.#body = body;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  static new(
    guest: Guest,
    headers: Fields3,
    contents: ByteSource | undefined,
    trailers: Promise<TrailersResult>,
  ): [Response, Promise<SentResult>] {
    const body = MessageBody.ofGuest(guest, contents, trailers);
    return [new Response(guest, headers, body), body.sent];
  }

  /** What a server answered to a guest's request. */
  static arrived(guest: Guest, response: OutgoingHttpResponse): Response {
    const headers = new Fields3(guest, withoutForbidden(response.headers), true);
    const own = new Response(guest, headers, MessageBody.arrived(guest, response));
    own.#status = response.status;
    return own;
  }

  static consumeBody(
    _guest: Guest,
    response: Response,
    result: Promise<SentResult>,
  ): [ByteSource, Promise<TrailersResult>] {
    response.#leave();
    return response.#body.consume(result);
  }

  getStatusCode(): number {
    return this.#status;
  }

  setStatusCode(status: number): void {
    if (status < 100 || status > 599) throw createPlainError();
    this.#status = status;
  }

  getHeaders(): Fields3 {
    return new Fields3(this.#guest, this.#headers.entries(), true);
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#body.close();
  }

  /** What a guest's handler returned. */
  static send(response: Response): SentResponse {
    const headers: readonly Field[] = response.#headers.entries();
    response.#leave();
    const declaredBytes = contentLengthOf(headers);
    const declaresBytes = typeof declaredBytes === 'number' && declaredBytes > 0;
    // Without contents there may be trailers; with a length, there is a body missing that cannot be sent.
    const departure =
      response.#body.hasContents || !declaresBytes
        ? response.#body.depart({
            declaredBytes: declaredBytes === 'invalid' ? undefined : declaredBytes,
            sizeErrorTag: 'HTTP-response-body-size',
          })
        : undefined;
    if (departure === undefined) response.#body.close();
    return {
      parts: { status: response.#status, headers, declaredBytes, body: departure?.pipe },
      departure,
    };
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#refund();
    this.#headers[Symbol.dispose]();
  }
}
