/** The resource `outgoing-request` of `wasi:http/types`: a request while the guest builds it. */
import type { Field, Guest } from '../ports.ts';
import { BodyPipe } from './body-pipe.ts';
import { createPlainError } from './error-code.ts';
import { contentLengthOf } from './field-rules.ts';
import { Fields } from './fields.ts';
import { chargeGuest } from './host-budget.ts';
import { OutgoingBody } from './outgoing-body.ts';
import {
  isAuthority,
  isPathWithQuery,
  isScheme,
  methodToText,
  type Method,
  type Scheme,
} from './target.ts';

/** What a finished request consists of. */
export interface RequestParts {
  readonly method: Method;
  readonly scheme: Scheme | undefined;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
  readonly headers: readonly Field[];
  readonly declaredBytes: number | undefined | 'invalid';
  /** Undefined if the guest never asked for it. */
  readonly body: BodyPipe | undefined;
}

/** A request that goes out. */
export class OutgoingRequest {
  readonly #guest: Guest;
  /** Held, and so counted for the guest, until the request is sent or dropped. */
  readonly #headers: Fields;
  readonly #declaredBytes: number | undefined | 'invalid';
  #method: Method = { tag: 'get' };
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #pathWithQuery: string | undefined;
  #body: BodyPipe | undefined;
  #gone = false;

  constructor(guest: Guest, headers: Fields) {
    this.#guest = guest;
    this.#headers = headers;
    this.#declaredBytes = contentLengthOf(headers.entries());
  }

  body(): OutgoingBody {
    if (this.#body !== undefined) throw createPlainError();
    const declared = this.#declaredBytes;
    this.#body = new BodyPipe(this.#guest, {
      declaredBytes: declared === 'invalid' ? undefined : declared,
      sizeErrorTag: 'HTTP-request-body-size',
    });
    return new OutgoingBody(this.#guest, this.#body);
  }

  method(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    if (methodToText(method) === undefined) throw createPlainError();
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  setPathWithQuery(path: string | undefined): void {
    if (path !== undefined && !isPathWithQuery(path)) throw createPlainError();
    chargeGuest(this.#guest, (path?.length ?? 0) - (this.#pathWithQuery?.length ?? 0));
    this.#pathWithQuery = path;
  }

  scheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme !== undefined && !isScheme(scheme)) throw createPlainError();
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && !isAuthority(authority)) throw createPlainError();
    this.#authority = authority;
  }

  headers(): Fields {
    return new Fields(this.#guest, this.#headers.entries(), true);
  }

  /** A request that was never sent goes nowhere, and its body with it. */
  [Symbol.dispose](): void {
    this.#leave();
    this.#headers[Symbol.dispose]();
    this.#body?.close();
  }

  /** What was handed over to `outgoing-handler.handle`. */
  static take(request: OutgoingRequest): RequestParts {
    request.#leave();
    return {
      method: request.#method,
      scheme: request.#scheme,
      authority: request.#authority,
      pathWithQuery: request.#pathWithQuery,
      headers: Fields.take(request.#headers),
      declaredBytes: request.#declaredBytes,
      body: request.#body,
    };
  }

  /** Its headers and its body are counted apart. */
  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    chargeGuest(this.#guest, -(this.#pathWithQuery?.length ?? 0));
  }
}
