/** What became of an exchange → what the guest did wrong, as a coded error. */
import { HostError } from '../base/errors.ts';
import type { ErrorCode } from '../wasi/http/error-code.ts';
import type { ExchangeResult } from '../wasi/http/exchange.ts';
import type { Failure } from './outcome.ts';

/**
 * Names a failure.
 *
 * @param name Of the function.
 * @param limit Most bytes of its response's body.
 * @returns Undefined if the exchange is complete.
 */
export function failureOfExchange(
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
