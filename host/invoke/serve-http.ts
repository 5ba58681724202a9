/** Serves an HTTP request with a component that exports `wasi:http/incoming-handler`. */
import { HostError } from '../base/errors.ts';
import type { InstanceLease } from '../instances/version-instances.ts';
import type { ErrorCode } from '../wasi/http/error-code.ts';
import { HttpExchange, type ExchangeResult } from '../wasi/http/exchange.ts';
import { NO_BODY } from '../wasi/memory-bytes.ts';
import type { Failure } from './outcome.ts';
import type { Service, ServiceParts } from './service.ts';

const NO_ARGUMENTS: readonly string[] = Object.freeze([]);

/** `incoming-handler.handle`, and what became of the response. */
export class HttpService implements Service {
  readonly arguments = NO_ARGUMENTS;
  readonly stdin = NO_BODY;
  readonly stdout = undefined;
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  get environment(): readonly (readonly [name: string, value: string])[] {
    return this.#parts.version.settings.environment;
  }

  serve(lease: InstanceLease): Promise<Failure | undefined> {
    const { request, responder, version } = this.#parts;
    const exchange = new HttpExchange(lease.guest, request, responder, version.settings.limits);
    const called = lease.call([exchange.incomingRequest, exchange.responseOutparam]);
    return called.then(() => this.#finish(exchange));
  }

  /** The guest has returned; the client may still be reading. */
  #finish(exchange: HttpExchange): Failure | undefined | Promise<Failure | undefined> {
    const result = exchange.finishAfterReturn();
    if (result instanceof Promise) return result.then((ended) => this.#failureOf(ended));
    return this.#failureOf(result);
  }

  #failureOf(result: ExchangeResult): Failure | undefined {
    const { function: name, settings } = this.#parts.version;
    return failureOfExchange(result, name, settings.limits.responseBodyBytes);
  }
}

function failureOfExchange(
  result: ExchangeResult,
  name: string,
  limit: number,
): Failure | undefined {
  const guestError = (error: HostError): Failure => ({ outcome: 'guest_error', error });
  switch (result.kind) {
    case 'complete':
      return undefined;
    case 'no_response':
      return guestError(new HostError('guest_no_response', { name }));
    case 'error_code':
      return guestError(
        new HostError('guest_error_code', { name, errorCode: describeErrorCode(result.code) }),
      );
    case 'incomplete_body':
      return guestError(new HostError('guest_incomplete_body', { name }));
    case 'response_too_large':
      return guestError(new HostError('response_too_large', { name, limit }));
    case 'client_gone':
      return { outcome: 'cancelled', error: new HostError('client_gone', { name }) };
  }
}

/** `internal-error (out of cheese)`: the case and, if it is text, what it carries. */
function describeErrorCode(code: ErrorCode): string {
  const payload =
    'val' in code && typeof code.val === 'string' ? ` (${code.val.slice(0, 200)})` : '';
  return `${code.tag}${payload}`;
}
