/** How a kind of function is served: the port between an invocation and its HTTP or CGI side. */
import type { InstanceLease } from '../instances/version-instances.ts';
import type { Version } from '../registry/model.ts';
import type { GuestParts } from '../wasi/guest-state.ts';
import type { IncomingHttpRequest } from '../wasi/ports.ts';
import type { InvocationContext } from './invoker.ts';
import type { Failure } from './outcome.ts';
import type { TrackedResponder } from './tracked-responder.ts';

/** What a service works with. */
export interface ServiceParts {
  readonly version: Version;
  readonly request: IncomingHttpRequest;
  readonly responder: TrackedResponder;
  readonly context: InvocationContext;
}

/** Serves one invocation. */
export interface Service {
  /** What the guest gets before it is made. */
  readonly guest: Pick<GuestParts, 'arguments' | 'environment' | 'stdin' | 'stdout'>;
  /**
   * Calls the instance and completes the response.
   *
   * @returns What the guest did wrong, if it returned and did something wrong.
   * @throws {unknown} What ended the call.
   */
  serve(lease: InstanceLease): Promise<Failure | undefined>;
}
