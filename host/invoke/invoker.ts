/** The port between the ways in (HTTP, admin `invoke`) and one call of a function. */
import type { HostError } from '../base/errors.ts';
import type { RequestId } from '../base/ids.ts';
import type { Outcome, StartKind } from '../metrics/observer.ts';
import type { FunctionRecord } from '../registry/model.ts';
import type { Field, HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';

/** Whoever waits for the answer. An `AbortSignal` would say the same and cost a microsecond for each request. */
export interface Caller {
  /** Whether it has gone: nobody will read an answer. */
  readonly isGone: boolean;
  /** Called once, when it goes. There is one place: an invocation waits in one place at a time. */
  onGone: (() => void) | undefined;
}

/** What belongs to one invocation besides the request. */
export interface InvocationContext {
  readonly requestId: RequestId;
  readonly trigger: 'http' | 'invoke';
  /** Address of the client, as `x-forwarded-for` shows it and CGI's REMOTE_ADDR. */
  readonly clientAddress: string;
  /** Part of the path that led to the function and was removed: `/app`, or empty. CGI's SCRIPT_NAME. */
  readonly pathPrefix: string;
  readonly caller: Caller;
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
  readonly start?: StartKind | undefined;
  /** CPU time of the guest, and of the host for it, ms; absent if there was no instance. */
  readonly cpuMs?: number | undefined;
  /** The field `server-timing` for an answer that the way in makes; absent if the version wants none. */
  readonly serverTiming?: Field | undefined;
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
