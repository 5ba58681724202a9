/** How a kind of function is served: the port between an invocation and its HTTP or CGI side. */
import type { InstanceLease } from '../instances/version-instances.ts';
import type { Version } from '../registry/model.ts';
import type { ByteSink, ByteSource, HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';
import type { InvocationContext } from './invoker.ts';
import type { Failure } from './outcome.ts';

/** What a service works with. */
export interface ServiceParts {
  readonly version: Version;
  readonly request: IncomingHttpRequest;
  /** Passes over what comes out of order. */
  readonly responder: HttpResponder;
  readonly context: InvocationContext;
}

/** What a guest gets before it is made, as far as it depends on the kind of function. */
export interface GuestStreams {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stdin: ByteSource;
  /** Undefined if it is the function's log. */
  readonly stdout: ByteSink | undefined;
}

/** Serves one invocation. */
export interface Service extends GuestStreams {
  /**
   * Calls the instance and completes the response.
   *
   * @returns What the guest did wrong, if it returned and did something wrong. Rejects with what ended the call.
   */
  serve(lease: InstanceLease): Promise<Failure | undefined>;
}
