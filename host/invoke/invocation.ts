/**
 * One invocation from start to outcome: make an instance, let it serve, watch time, client and sizes,
 * name how it ended.
 */
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { InstanceLease } from '../instances/version-instances.ts';
import type { GuestLog } from '../logs/guest-log.ts';
import type { Log } from '../logs/log.ts';
import type { Observer, Outcome, StartKind } from '../metrics/observer.ts';
import type { HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';
import { GuestOutput, InvocationLog } from './guest-output.ts';
import type { InvocationContext, InvocationResult } from './invoker.ts';
import { LimitedSource } from './limited-source.ts';
import { failureOf, wasmStackOf, type Failure } from './outcome.ts';
import { CommandService } from './serve-command.ts';
import { HttpService } from './serve-http.ts';
import type { Service } from './service.ts';
import { TrackedResponder } from './tracked-responder.ts';
import type { VersionRuntime } from './version-runtime.ts';

/** What invocations work with. */
export interface InvocationParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  readonly guestLog: GuestLog;
}

/** A result with the peak memory of its instance. */
export type MeasuredResult = InvocationResult & { readonly peakMemoryBytes?: number };

/** One call of a function. */
export class Invocation {
  readonly #parts: InvocationParts;
  readonly #runtime: VersionRuntime;
  readonly #request: IncomingHttpRequest;
  readonly #responder: TrackedResponder;
  readonly #context: InvocationContext;
  readonly #log: InvocationLog;
  /** When the invocation's time is over, on the monotonic clock; loading and starting count. */
  readonly #deadlineMs: number;
  #lease: InstanceLease | undefined;
  #tooLarge = false;

  constructor(
    parts: InvocationParts,
    runtime: VersionRuntime,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    context: InvocationContext,
  ) {
    this.#parts = parts;
    this.#runtime = runtime;
    this.#context = context;
    this.#responder = new TrackedResponder(responder);
    const { version } = runtime;
    const { requestBodyBytes, timeoutMs } = version.settings.limits;
    this.#deadlineMs = parts.clock.monotonicMs() + timeoutMs;
    const body = new LimitedSource(request.body, requestBodyBytes, () => this.#onBodyTooLarge());
    this.#request = { ...request, body };
    this.#log = new InvocationLog(parts.guestLog, parts.clock, version, context.requestId, () =>
      parts.observer.limitExceeded(version.function, 'log'),
    );
  }

  /** Runs it. Never rejects because of what the guest does. */
  async run(): Promise<MeasuredResult> {
    if (this.#declaresTooLarge()) {
      this.#onBodyTooLarge();
      return this.#failed(failureOf(this.#bodyError(), this.#call()), undefined);
    }
    const stdout = new GuestOutput(this.#log, 'stdout');
    const stderr = new GuestOutput(this.#log, 'stderr');
    const service = this.#createService(stdout);
    let lease: InstanceLease | undefined;
    try {
      lease = await this.#start(service, stderr);
      const failure = await this.#serve(service, lease);
      return failure === undefined ? this.#ok(lease) : this.#failed(failure, lease);
    } catch (error) {
      return this.#failed(
        failureOf(this.#tooLarge ? this.#bodyError() : error, this.#call()),
        lease,
      );
    } finally {
      stdout.end();
      stderr.end();
      this.#request.body.close();
    }
  }

  #createService(stdout: GuestOutput): Service {
    const { version } = this.#runtime;
    const shared = {
      version,
      request: this.#request,
      responder: this.#responder,
      context: this.#context,
    };
    return version.kind === 'http' ? new HttpService(shared, stdout) : new CommandService(shared);
  }

  async #start(service: Service, stderr: GuestOutput): Promise<InstanceLease> {
    const { instances, preopens, outgoingHttp } = this.#runtime.parts;
    const lease = await instances.acquire({ ...service.guest, stderr, preopens, outgoingHttp });
    this.#lease = lease;
    this.#parts.observer.start(this.#runtime.version.function, lease.start, lease.phases);
    return lease;
  }

  /** Lets the instance serve until it returns, fails, runs out of time or its client leaves. */
  async #serve(service: Service, lease: InstanceLease): Promise<Failure | undefined> {
    const { clock } = this.#parts;
    const onGone = (): void => lease.guest.endNow({ kind: 'cancelled' });
    const leftMs = this.#deadlineMs - clock.monotonicMs();
    const onLate = (): void => lease.guest.endNow({ kind: 'timeout' });
    const cancelTimer = clock.after(leftMs, onLate);
    this.#context.signal.addEventListener('abort', onGone, { once: true });
    let intact = false;
    try {
      // Loading a module or starting an instance may have used up all the time there was.
      if (leftMs <= 0) onLate();
      if (this.#context.signal.aborted) onGone();
      // Too late already: a guest that were called now might still send an answer.
      if (lease.guest.endReason !== undefined) return await lease.guest.untilEnded();
      const served = service.serve(lease);
      // A suspended call settles when the guest is ended, but generated glue stands in between: the
      // ending itself decides, and whatever the call comes to later is of no interest.
      served.catch(() => {});
      const failure = await Promise.race([served, lease.guest.untilEnded()]);
      intact = failure === undefined;
      return failure;
    } finally {
      cancelTimer();
      this.#context.signal.removeEventListener('abort', onGone);
      lease.release(intact);
    }
  }

  #ok(lease: InstanceLease): MeasuredResult {
    return { outcome: 'ok', start: lease.start, peakMemoryBytes: lease.memory.bytes };
  }

  #failed({ outcome, error }: Failure, lease: InstanceLease | undefined): MeasuredResult {
    this.#reportLimit(outcome, error);
    if (outcome !== 'cancelled') {
      this.#log.remark(`${error.code}: ${error.message}`);
      const stack = wasmStackOf(error.cause);
      if (stack !== undefined) this.#log.remark(stack);
    }
    if (outcome === 'host_error') {
      this.#parts.log.error({ err: error, requestId: this.#context.requestId }, error.message);
    }
    this.#responder.abort(error.code);
    return { outcome, error, ...startOf(lease), ...peakOf(lease) };
  }

  #reportLimit(outcome: Outcome, error: HostError): void {
    const limit = LIMITS[error.code] ?? (outcome === 'timeout' ? 'timeout' : undefined);
    if (limit !== undefined)
      this.#parts.observer.limitExceeded(this.#runtime.version.function, limit);
  }

  #declaresTooLarge(): boolean {
    const length = this.#request.headers.find(([name]) => name === 'content-length')?.[1];
    if (length === undefined) return false;
    return (
      Number(new TextDecoder().decode(length)) >
      this.#runtime.version.settings.limits.requestBodyBytes
    );
  }

  #onBodyTooLarge(): void {
    this.#tooLarge = true;
    // Thrown into the call that reads: a guest that went on would answer for half a body.
    this.#lease?.guest.end({ kind: 'request_body' });
  }

  #bodyError(): HostError {
    return new HostError('request_too_large', {
      limit: this.#runtime.version.settings.limits.requestBodyBytes,
    });
  }

  #call(): Parameters<typeof failureOf>[1] {
    const { version } = this.#runtime;
    return {
      functionName: version.function,
      timeoutMs: version.settings.limits.timeoutMs,
      requestBodyBytes: version.settings.limits.requestBodyBytes,
      memory: this.#lease?.memory,
    };
  }
}

/** Limits that stand behind an error code, as `faas_limit_exceeded_total` names them. */
const LIMITS: Readonly<Record<string, string>> = {
  memory_limit: 'memory',
  memory_limit_at_start: 'memory',
  request_too_large: 'request_body',
  response_too_large: 'response_body',
};

function startOf(lease: InstanceLease | undefined): { start?: StartKind } {
  return lease === undefined ? {} : { start: lease.start };
}

function peakOf(lease: InstanceLease | undefined): { peakMemoryBytes?: number } {
  return lease === undefined ? {} : { peakMemoryBytes: lease.memory.bytes };
}
