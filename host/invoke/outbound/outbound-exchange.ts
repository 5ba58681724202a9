/**
 * One request to a server and its response: undici's dispatch callbacks on one side, the port
 * `OutgoingHttpExchange` on the other. Nothing of it goes through undici's own streams.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../base/clock.ts';
import {
  HttpFailure,
  type Field,
  type OutgoingHttpExchange,
  type OutgoingHttpRequest,
  type OutgoingHttpResponse,
} from '../../wasi/ports.ts';
import { toHttpFailure } from './failure.ts';
import { RequestBody } from './request-body.ts';
import { ResponseBody } from './response-body.ts';
import { Timeout } from './timeout.ts';

/** What an exchange is made with. */
export interface OutboundExchangeParts {
  readonly clock: Clock;
  readonly request: OutgoingHttpRequest;
  readonly origin: string;
  readonly dispatcher: Dispatcher;
  /** Called once, when undici holds nothing of this exchange any more. */
  readonly onReleased: () => void;
}

/** An exchange under way. */
export class OutboundExchange implements OutgoingHttpExchange, Dispatcher.DispatchHandler {
  readonly body: RequestBody;
  readonly #parts: OutboundExchangeParts;
  readonly #response = Promise.withResolvers<OutgoingHttpResponse>();
  readonly #trailers = Promise.withResolvers<readonly Field[] | undefined>();
  readonly #timeout: Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #responseBody: ResponseBody | undefined;
  #failure: HttpFailure | undefined;
  #released = false;

  constructor(parts: OutboundExchangeParts) {
    this.#parts = parts;
    this.#timeout = new Timeout(parts.clock, (tag) => this.#fail(new HttpFailure({ tag })));
    this.body = new RequestBody(() => this.#awaitHead());
    // Whoever sends may never ask for either.
    this.#response.promise.catch(() => {});
    this.#trailers.promise.catch(() => {});
    this.#timeout.start('connection-timeout', parts.request.connectTimeoutMs);
    // A guest that ends the body in the same breath gets a request without one.
    queueMicrotask(() => this.#dispatch());
  }

  get response(): Promise<OutgoingHttpResponse> {
    return this.#response.promise;
  }

  finish(trailers: readonly Field[] | undefined): void {
    if (trailers !== undefined && trailers.length > 0) {
      const val = 'this host sends no trailers with requests';
      this.#fail(new HttpFailure({ tag: 'internal-error', val }));
    } else this.body.end();
  }

  abort(): void {
    this.#fail(new HttpFailure({ tag: 'connection-terminated' }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure === undefined) this.#awaitHead();
    else controller.abort(this.#failure);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.#responseBody = new ResponseBody({
      pause: () => {
        this.#timeout.stop();
        controller.pause();
      },
      resume: () => {
        this.#awaitBody();
        controller.resume();
      },
      cancel: () => this.abort(),
    });
    this.#awaitBody();
    this.#response.resolve({
      status,
      headers: toFields(controller.rawHeaders),
      body: this.#responseBody,
      trailers: () => this.#trailers.promise,
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#awaitBody();
    this.#responseBody?.push(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const trailers = toFields(controller.rawTrailers);
    this.#trailers.resolve(trailers.length > 0 ? trailers : undefined);
    this.#responseBody?.finish('end');
    this.#release();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    this.#fail(toHttpFailure(error, this.#responseBody !== undefined));
    this.#release();
  }

  #dispatch(): void {
    if (this.#failure !== undefined) return this.#release();
    const { request, dispatcher, origin } = this.#parts;
    const options: Dispatcher.DispatchOptions = {
      origin,
      path: request.pathWithQuery,
      method: request.method,
      headers: toHeaders(request.headers),
      // undici takes async iterables; its types do not say so.
      body: this.body.isEmpty ? null : (this.body as unknown as Buffer),
    };
    try {
      dispatcher.dispatch(options, this);
    } catch (error) {
      this.onResponseError(null, error);
    }
    return undefined;
  }

  #awaitHead(): void {
    if (this.#failure !== undefined || this.#responseBody !== undefined) return;
    this.#timeout.start('HTTP-response-timeout', this.#parts.request.firstByteTimeoutMs);
  }

  #awaitBody(): void {
    if (this.#failure !== undefined) return;
    this.#timeout.start('connection-read-timeout', this.#parts.request.betweenBytesTimeoutMs);
  }

  #fail(failure: HttpFailure): void {
    if (this.#failure !== undefined || this.#released) return;
    this.#failure = failure;
    this.#timeout.stop();
    this.#response.reject(failure);
    this.#trailers.reject(failure);
    this.#responseBody?.finish(failure);
    this.body.fail(failure);
    this.#controller?.abort(failure);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#timeout.stop();
    this.body.fail('closed');
    this.#parts.onReleased();
  }
}

/** Our own `host` and framing are undici's; `expect` means nothing to a client that sends the body at once. */
function toHeaders(fields: readonly Field[]): string[] {
  const headers: string[] = [];
  for (const [name, value] of fields) {
    if (name.toLowerCase() === 'expect') continue;
    headers.push(name, Buffer.from(value).toString('latin1'));
  }
  return headers;
}

/** undici's raw headers: name, value, name, value. */
function toFields(raw: Dispatcher.DispatchController['rawHeaders']): readonly Field[] {
  if (!Array.isArray(raw)) return [];
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    fields.push([toBuffer(raw[index]).toString('latin1'), toBuffer(raw[index + 1])]);
  }
  return fields;
}

function toBuffer(value: Buffer | string | undefined): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : (value ?? Buffer.alloc(0));
}
