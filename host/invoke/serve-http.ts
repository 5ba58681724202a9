/** Serves an HTTP request with a component that exports `wasi:http/incoming-handler`, or `handler` of WASI 0.3. */
import type { InstanceLease } from '../instances/version-instances.ts';
import { HttpExchange, type ExchangeResult } from '../wasi/http/exchange.ts';
import { NO_BODY } from '../wasi/memory-bytes.ts';
import { failureOfExchange } from './exchange-failure.ts';
import type { Failure } from './outcome.ts';
import { isHttp3, serveHttp3 } from './serve-http3.ts';
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
    if (isHttp3(lease.entry)) return serveHttp3(lease, this.#parts);
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
