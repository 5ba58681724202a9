/** Serves an HTTP request with a component that exports `wasi:http/incoming-handler`. */
import { HostError } from '../base/errors.ts';
import type { InstanceLease } from '../instances/version-instances.ts';
import type { GuestParts } from '../wasi/guest-state.ts';
import type { ErrorCode } from '../wasi/http/error-code.ts';
import { HttpExchange, type ExchangeResult } from '../wasi/http/exchange.ts';
import { BufferSource } from '../wasi/memory-bytes.ts';
import type { GuestOutput } from './guest-output.ts';
import type { Failure } from './outcome.ts';
import type { Service, ServiceParts } from './service.ts';

/** `incoming-handler.handle`, and what became of the response. */
export class HttpService implements Service {
  readonly guest: Pick<GuestParts, 'arguments' | 'environment' | 'stdin' | 'stdout'>;
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts, stdout: GuestOutput) {
    this.#parts = parts;
    this.guest = {
      arguments: [],
      environment: parts.version.settings.environment,
      stdin: new BufferSource(new Uint8Array(0)),
      stdout,
    };
  }

  async serve(lease: InstanceLease): Promise<Failure | undefined> {
    const { request, responder, version } = this.#parts;
    const { responseBodyBytes } = version.settings.limits;
    const exchange = new HttpExchange(lease.guest, request, responder, { responseBodyBytes });
    await lease.call([exchange.incomingRequest, exchange.responseOutparam]);
    return failureOfExchange(
      await exchange.finishAfterReturn(),
      version.function,
      responseBodyBytes,
    );
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
