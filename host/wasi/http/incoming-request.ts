/** The resource `incoming-request` of `wasi:http/types`: a request as the guest sees it. */
import type { Field, Guest, IncomingHttpRequest } from '../ports.ts';
import { createPlainError } from './error-code.ts';
import { withoutForbidden } from './field-rules.ts';
import { Fields } from './fields.ts';
import { IncomingBody } from './incoming-body.ts';
import { methodFromText, type Method, type Scheme } from './target.ts';

/** A request that came in. */
export class IncomingRequest {
  readonly #guest: Guest;
  readonly #request: IncomingHttpRequest;
  #headers: readonly Field[] | undefined;
  #consumed = false;

  constructor(guest: Guest, request: IncomingHttpRequest) {
    this.#guest = guest;
    this.#request = request;
  }

  method(): Method {
    return methodFromText(this.#request.method);
  }

  pathWithQuery(): string | undefined {
    return this.#request.pathWithQuery;
  }

  scheme(): Scheme | undefined {
    return { tag: this.#request.scheme === 'https' ? 'HTTPS' : 'HTTP' };
  }

  authority(): string | undefined {
    return this.#request.authority;
  }

  headers(): Fields {
    this.#headers ??= withoutForbidden(this.#request.headers);
    return new Fields(this.#guest, this.#headers, true);
  }

  consume(): IncomingBody {
    if (this.#consumed) throw createPlainError();
    this.#consumed = true;
    return new IncomingBody(this.#guest, this.#request);
  }

  [Symbol.dispose](): void {
    if (!this.#consumed) this.#request.body.close();
    this.#consumed = true;
  }
}
