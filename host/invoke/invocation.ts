/**
 * One invocation from start to outcome: make an instance, let it serve, watch time, client and sizes, name
 * how it ended.
 *
 * It is written as steps that call the next one, not as one async function: a request that waits for nothing but
 * its guest costs two promises so, and each await more would cost as much as the guest's own work on it.
 */
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { InstanceLease } from '../instances/version-instances.ts';
import type { LineSink } from '../logs/guest-line.ts';
import type { Log } from '../logs/log.ts';
import type { Observer, Outcome } from '../metrics/observer.ts';
import type { GuestState } from '../wasi/guest-state.ts';
import { NO_BODY } from '../wasi/memory-bytes.ts';
import type { Field, HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';
import { Deadline } from './deadline-list.ts';
import { InvocationLog } from './guest-output.ts';
import { InvocationGuest } from './invocation-guest.ts';
import type { InvocationContext, InvocationResult } from './invoker.ts';
import { LimitedRequest } from './limited-request.ts';
import { failureOf, wasmStackOf, type Failure } from './outcome.ts';
import { CommandService } from './serve-command.ts';
import { HttpService } from './serve-http.ts';
import { serverTimingField } from './server-timing.ts';
import type { Service } from './service.ts';
import { TrackedResponder } from './tracked-responder.ts';
import type { VersionRuntime } from './version-runtime.ts';

/** What invocations work with. */
export interface InvocationParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  readonly guestLog: LineSink;
}

/** A result with the peak memory of its instance. */
export type MeasuredResult = InvocationResult & {
  readonly peakMemoryBytes?: number | undefined;
};

/** One call of a function. */
export class Invocation extends Deadline {
  readonly #parts: InvocationParts;
  readonly #runtime: VersionRuntime;
  readonly #request: IncomingHttpRequest;
  readonly #responder: TrackedResponder;
  readonly #context: InvocationContext;
  readonly #log: InvocationLog;
  #resolve: ((result: MeasuredResult) => void) | undefined;
  #guest: InvocationGuest | undefined;
  /** Acts for it; there before it has started. */
  #running: GuestState | undefined;
  #lease: InstanceLease | undefined;
  #isLate = false;
  #isTooLarge = false;

  constructor(
    parts: InvocationParts,
    runtime: VersionRuntime,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    context: InvocationContext,
  ) {
    super();
    const { version } = runtime;
    this.#parts = parts;
    this.#runtime = runtime;
    this.#context = context;
    const { serverTiming } = version.settings;
    this.#responder = new TrackedResponder(
      responder,
      serverTiming ? () => this.#timing() : undefined,
    );
    this.#log = new InvocationLog(parts, version, context.requestId);
    this.#request = request;
    if (request.body !== NO_BODY) {
      const { requestBodyBytes } = version.settings.limits;
      this.#request = new LimitedRequest(request, requestBodyBytes, () => this.#onBodyTooLarge());
    }
  }

  /**
   * Runs it. Never rejects because of what the guest does.
   *
   * @param nowMs The time on the monotonic clock, from which its own time is counted: loading and starting count.
   */
  run(nowMs: number): Promise<MeasuredResult> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#runtime.deadlines.add(this, nowMs);
      this.#start(nowMs);
    });
  }

  /** Its time is over, whether it has an instance yet or not. */
  override handleLate(): void {
    this.#isLate = true;
    this.#running?.endNow({ kind: 'timeout' });
  }

  /** Its guest was ended from outside. */
  handleEnded(ending: Error): void {
    this.#fail(ending);
  }

  /** Gets an instance: at once if one is ready. */
  #start(nowMs: number): void {
    try {
      if (this.#declaresTooLarge()) {
        this.#onBodyTooLarge();
        return this.#fail(this.#bodyError());
      }
      const service = this.#createService();
      const { parts } = this.#runtime;
      this.#guest = new InvocationGuest(service, parts, this.#log, nowMs);
      const lease = parts.instances.acquire(this.#guest, (guest) => this.#watch(guest));
      if (!(lease instanceof Promise)) return this.#serve(service, lease);
      lease.then((made) => this.#serve(service, made)).catch((error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
    return undefined;
  }

  /** From here on the guest is ended when its time is over or its client leaves. */
  #watch(guest: GuestState): void {
    const { caller } = this.#context;
    this.#running = guest;
    caller.onGone = () => guest.endNow({ kind: 'cancelled' });
    // Too late already: a guest that were called now might still send an answer.
    if (this.#isLate) guest.endNow({ kind: 'timeout' });
    else if (caller.isGone) guest.endNow({ kind: 'cancelled' });
  }

  #createService(): Service {
    const { version } = this.#runtime;
    const parts = {
      version,
      request: this.#request,
      responder: this.#responder,
      context: this.#context,
    };
    return version.kind === 'http' ? new HttpService(parts) : new CommandService(parts);
  }

  /** Lets the instance serve until it returns, fails or is ended. */
  #serve(service: Service, lease: InstanceLease): void {
    const { guest, start, phases } = lease;
    this.#lease = lease;
    this.#parts.observer.start(this.#runtime.version.function, start, phases);
    // Its call may come to an end later, or never: generated glue can lose what ends it.
    guest.server = this;
    if (this.#running !== guest) this.#watch(guest);
    if (guest.endReason !== undefined) return guest.endNow(guest.endReason);
    service.serve(lease).then(
      (failure) => this.#settle(failure),
      (error: unknown) => this.#fail(error),
    );
    return undefined;
  }

  /** The guest has returned. */
  #settle(failure: Failure | undefined): void {
    if (failure === undefined) this.#finish(this.#ok(), true);
    else this.#finish(this.#failed(failure), false);
  }

  /** It ended otherwise, or could not begin. */
  #fail(error: unknown): void {
    if (this.#resolve === undefined) return;
    const failure = failureOf(this.#isTooLarge ? this.#bodyError() : error, this.#call());
    this.#finish(this.#failed(failure), false);
  }

  #finish(result: MeasuredResult, isIntact: boolean): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#runtime.deadlines.remove(this);
    this.#context.caller.onGone = undefined;
    this.#lease?.release(isIntact);
    this.#guest?.end();
    this.#request.body.close();
    resolve(result);
  }

  #ok(): MeasuredResult {
    return { outcome: 'ok', ...this.#measured() };
  }

  #failed({ outcome, error }: Failure): MeasuredResult {
    this.#reportLimit(outcome, error);
    if (outcome !== 'cancelled') {
      this.#log.remark(`${error.code}: ${error.message}`);
      const stack = wasmStackOf(error.cause);
      if (stack !== undefined) this.#log.remark(stack);
    }
    // That a function is in quarantine is logged when it begins, and not by every request that meets it.
    if (outcome === 'host_error' && error.code !== 'artifact_quarantined') {
      this.#parts.log.error({ err: error, requestId: this.#context.requestId }, error.message);
    }
    this.#responder.abort(error.code);
    const serverTiming = this.#runtime.version.settings.serverTiming ? this.#timing() : undefined;
    return { outcome, error, serverTiming, ...this.#measured() };
  }

  /** Where it stands; undefined until it has an instance. */
  #timing(): Field | undefined {
    if (this.#lease === undefined) return undefined;
    const { start, phases, cpu, memory } = this.#lease;
    return serverTimingField({
      start,
      startMs: phases.total * 1000,
      cpuMs: cpu.usedMs,
      peakMemoryBytes: memory.bytes,
    });
  }

  #measured(): Pick<MeasuredResult, 'start' | 'peakMemoryBytes' | 'cpuMs'> {
    const lease = this.#lease;
    return {
      start: lease?.start,
      peakMemoryBytes: lease?.memory.bytes,
      // A guest that failed while it started has used CPU time as well.
      cpuMs: lease === undefined ? this.#running?.usage().cpuMs.used : lease.cpu.usedMs,
    };
  }

  #reportLimit(outcome: Outcome, error: HostError): void {
    const limit = LIMITS[error.code] ?? (outcome === 'timeout' ? 'timeout' : undefined);
    if (limit !== undefined)
      this.#parts.observer.limitExceeded(this.#runtime.version.function, limit);
  }

  #declaresTooLarge(): boolean {
    if (!(this.#request instanceof LimitedRequest)) return false;
    const { requestBodyBytes } = this.#runtime.version.settings.limits;
    return (this.#request.declaredBytes ?? 0) > requestBodyBytes;
  }

  #onBodyTooLarge(): void {
    this.#isTooLarge = true;
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
      cpuMs: version.settings.limits.cpuMs,
      requestBodyBytes: version.settings.limits.requestBodyBytes,
      memory: this.#lease?.memory,
    };
  }
}

/** Limits that stand behind an error code, as `faas_limit_exceeded_total` names them. */
const LIMITS: Readonly<Record<string, string>> = {
  cpu_limit: 'cpu',
  host_overloaded: 'host_memory',
  memory_limit: 'memory',
  memory_limit_at_start: 'memory',
  request_too_large: 'request_body',
  response_too_large: 'response_body',
};
