/** The resource `outgoing-response` of `wasi:http/types`: a response while the guest builds it. */
import type { Field, Guest } from '../ports.ts';
import { BodyPipe } from './body-pipe.ts';
import { createPlainError } from './error-code.ts';
import { contentLengthOf } from './field-rules.ts';
import { Fields } from './fields.ts';
import { OutgoingBody } from './outgoing-body.ts';

/** What a finished response consists of. */
export interface ResponseParts {
  readonly status: number;
  readonly headers: readonly Field[];
  readonly declaredBytes: number | undefined | 'invalid';
  /** Undefined if the guest never asked for it. */
  readonly body: BodyPipe | undefined;
}

/** A response that goes out. */
export class OutgoingResponse {
  readonly #guest: Guest;
  /** Held, and so counted for the guest, until the response is sent or dropped. */
  readonly #headers: Fields;
  readonly #declaredBytes: number | undefined | 'invalid';
  #status = 200;
  #body: BodyPipe | undefined;

  constructor(guest: Guest, headers: Fields) {
    this.#guest = guest;
    this.#headers = headers;
    this.#declaredBytes = contentLengthOf(headers.entries());
  }

  statusCode(): number {
    return this.#status;
  }

  setStatusCode(status: number): void {
    if (status < 100 || status > 599) throw createPlainError();
    this.#status = status;
  }

  headers(): Fields {
    return new Fields(this.#guest, this.#headers.entries(), true);
  }

  body(): OutgoingBody {
    if (this.#body !== undefined) throw createPlainError();
    const declared = this.#declaredBytes;
    this.#body = new BodyPipe(this.#guest, {
      declaredBytes: declared === 'invalid' ? undefined : declared,
      sizeErrorTag: 'HTTP-response-body-size',
    });
    return new OutgoingBody(this.#guest, this.#body);
  }

  /** A response that was never set goes nowhere, and its body with it. */
  [Symbol.dispose](): void {
    this.#headers[Symbol.dispose]();
    this.#body?.close();
  }

  /** What was handed over to `response-outparam.set`. */
  static take(response: OutgoingResponse): ResponseParts {
    return {
      status: response.#status,
      headers: Fields.take(response.#headers),
      declaredBytes: response.#declaredBytes,
      body: response.#body,
    };
  }
}
