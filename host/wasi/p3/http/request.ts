/** The resource `request` of `wasi:http/types` 0.3: one that came in, or that a guest builds. */
import { createPlainError } from '../../http/error-code.ts';
import { contentLengthOf, withoutForbidden } from '../../http/field-rules.ts';
import { chargeGuest } from '../../http/host-budget.ts';
import type { RequestParts } from '../../http/outgoing-request.ts';
import {
  isAuthority,
  isPathWithQuery,
  isScheme,
  methodFromText,
  methodToText,
  type Method,
  type Scheme,
} from '../../http/target.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../../host-bytes.ts';
import type { ByteSource, Field, Guest, IncomingHttpRequest } from '../../ports.ts';
import { Fields3 } from './fields.ts';
import {
  MessageBody,
  type Departure,
  type SentResult,
  type TrailersResult,
} from './message-body.ts';
import { RequestOptions3 } from './request-options.ts';

/** What is sent of a request that was handed over. */
export interface SentRequest {
  readonly parts: RequestParts;
  readonly options: RequestOptions3 | undefined;
  /** Undefined if it has no body. */
  readonly departure: Departure | undefined;
}

/** A request. */
export class Request {
  readonly #guest: Guest;
  readonly #body: MessageBody;
  readonly #refund: () => void;
  readonly #headers: () => readonly Field[];
  readonly #options: RequestOptions3 | undefined;
  #method: Method = { tag: 'get' };
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #pathWithQuery: string | undefined;
  #pathBytes = 0;
  /** Of one that a guest made: counted for it until the request is handed over. */
  #fields: Fields3 | undefined;
  #gone = false;

  private constructor(
    guest: Guest,
    headers: () => readonly Field[],
    body: MessageBody,
    options: RequestOptions3 | undefined,
  ) {
    this.#guest = guest;
    this.#headers = headers;
    this.#body = body;
    this.#options = options;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  static new(
    guest: Guest,
    headers: Fields3,
    contents: ByteSource | undefined,
    trailers: Promise<TrailersResult>,
    options: RequestOptions3 | undefined,
  ): [Request, Promise<SentResult>] {
    const body = MessageBody.ofGuest(guest, contents, trailers);
    const fields = headers.entries();
    const request = new Request(guest, () => fields, body, options);
    // Its fields are counted with the request from now on.
    request.#hold(headers);
    return [request, body.sent];
  }

  /** The request that a guest is called with. */
  static arrived(guest: Guest, request: IncomingHttpRequest): Request {
    let headers: readonly Field[] | undefined;
    const body = MessageBody.arrived(guest, {
      body: request.body,
      trailers: () => request.trailers(),
    });
    const own = new Request(
      guest,
      () => (headers ??= withoutForbidden(request.headers)),
      body,
      undefined,
    );
    own.#method = methodFromText(request.method);
    own.#scheme = { tag: request.scheme === 'https' ? 'HTTPS' : 'HTTP' };
    own.#authority = request.authority;
    own.#pathWithQuery = request.pathWithQuery;
    return own;
  }

  static consumeBody(
    _guest: Guest,
    request: Request,
    result: Promise<SentResult>,
  ): [ByteSource, Promise<TrailersResult>] {
    request.#leave();
    return request.#body.consume(result);
  }

  getMethod(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    if (methodToText(method) === undefined) throw createPlainError();
    this.#method = method;
  }

  getPathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  setPathWithQuery(path: string | undefined): void {
    if (path !== undefined && !isPathWithQuery(path)) throw createPlainError();
    chargeGuest(this.#guest, (path?.length ?? 0) - this.#pathBytes);
    this.#pathBytes = path?.length ?? 0;
    this.#pathWithQuery = path;
  }

  getScheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme !== undefined && !isScheme(scheme)) throw createPlainError();
    this.#scheme = scheme;
  }

  getAuthority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && !isAuthority(authority)) throw createPlainError();
    this.#authority = authority;
  }

  getOptions(): RequestOptions3 | undefined {
    return this.#options && RequestOptions3.view(this.#options);
  }

  getHeaders(): Fields3 {
    return new Fields3(this.#guest, this.#headers(), true);
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#options?.[Symbol.dispose]();
    this.#body.close();
  }

  /** What was handed over to `client.send`. */
  static send(request: Request): SentRequest {
    request.#leave();
    const headers = request.#headers();
    const declaredBytes = contentLengthOf(headers);
    const departure = request.#body.hasContents
      ? request.#body.depart({
          declaredBytes: declaredBytes === 'invalid' ? undefined : declaredBytes,
          sizeErrorTag: 'HTTP-request-body-size',
        })
      : undefined;
    if (departure === undefined) request.#body.close();
    return {
      parts: {
        method: request.#method,
        scheme: request.#scheme,
        authority: request.#authority,
        pathWithQuery: request.#pathWithQuery,
        headers,
        declaredBytes,
        body: departure?.pipe,
      },
      options: request.#options,
      departure,
    };
  }

  #hold(headers: Fields3): void {
    this.#fields = headers;
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#refund();
    chargeGuest(this.#guest, -this.#pathBytes);
    this.#fields?.[Symbol.dispose]();
  }
}
