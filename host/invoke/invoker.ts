/** The port between the ways in (HTTP, admin `invoke`) and one call of a function. */
import type { HostError } from '../base/errors.ts';
import type { RequestId } from '../base/ids.ts';
import type { Outcome, StartKind } from '../metrics/observer.ts';
import type { FunctionRecord } from '../registry/model.ts';
import type { HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';

/** What belongs to one invocation besides the request. */
export interface InvocationContext {
  readonly requestId: RequestId;
  readonly trigger: 'http' | 'invoke';
  /** Address of the client, as `x-forwarded-for` shows it and CGI's REMOTE_ADDR. */
  readonly clientAddress: string;
  /** Part of the path that led to the function and was removed: `/app`, or empty. CGI's SCRIPT_NAME. */
  readonly pathPrefix: string;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** How an invocation ended. */
export interface InvocationResult {
  readonly outcome: Outcome;
  /**
   * What went wrong, for every outcome but `ok`. If the responder was not begun, the way in answers with
   * this error's status and body; if it was, the invoker has aborted it already.
   */
  readonly error?: HostError;
  /** Seconds after which to try again, for `overloaded`. */
  readonly retryAfterSeconds?: number;
  readonly start?: StartKind;
}

/** Runs functions. */
export interface Invoker {
  /** Runs one HTTP request on the function's live version. Never rejects. Requests larger than the version's limit end in 413. */
  handle(
    record: FunctionRecord,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    context: InvocationContext,
  ): Promise<InvocationResult>;
}
