/** The resource `incoming-response` of `wasi:http/types`: what a server answered to a guest. */
import type { Field, Guest, OutgoingHttpResponse } from '../ports.ts';
import { createPlainError } from './error-code.ts';
import { withoutForbidden } from './field-rules.ts';
import { Fields } from './fields.ts';
import { IncomingBody } from './incoming-body.ts';

/** A response to a guest's request. */
export class IncomingResponse {
  readonly #guest: Guest;
  readonly #response: OutgoingHttpResponse;
  #headers: readonly Field[] | undefined;
  #consumed = false;

  constructor(guest: Guest, response: OutgoingHttpResponse) {
    this.#guest = guest;
    this.#response = response;
  }

  status(): number {
    return this.#response.status;
  }

  headers(): Fields {
    this.#headers ??= withoutForbidden(this.#response.headers);
    return new Fields(this.#guest, this.#headers, true);
  }

  consume(): IncomingBody {
    if (this.#consumed) throw createPlainError();
    this.#consumed = true;
    return new IncomingBody(this.#guest, this.#response);
  }

  [Symbol.dispose](): void {
    if (!this.#consumed) this.#response.body.close();
    this.#consumed = true;
  }
}
