/**
 * Runs functions: finds what a version shares, waits for a place, runs the invocation and reports it.
 * One invocation's own path is `invocation.ts`.
 */
import type { Closeable } from '../base/closeable.ts';
import { HostError, toHostError } from '../base/errors.ts';
import type { Lease } from '../base/gate.ts';
import type { FunctionRecord, RouteSnapshot, Version } from '../registry/model.ts';
import type { HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';
import { Invocation, type InvocationParts } from './invocation.ts';
import type { InvocationContext, InvocationResult, Invoker } from './invoker.ts';
import { VersionRuntime, type VersionRuntimeParts } from './version-runtime.ts';

/** What the invoker works with. */
export interface FunctionInvokerParts extends InvocationParts {
  /** Makes what a version's invocations share. */
  readonly openRuntime: (version: Version) => VersionRuntimeParts;
}

/** The way from a request on a function to an outcome. */
export class FunctionInvoker implements Invoker, Closeable {
  readonly #parts: FunctionInvokerParts;
  readonly #runtimes = new Map<string, VersionRuntime>();

  constructor(parts: FunctionInvokerParts) {
    this.#parts = parts;
  }

  async handle(
    record: FunctionRecord,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    context: InvocationContext,
  ): Promise<InvocationResult> {
    const startedMs = this.#parts.clock.monotonicMs();
    const runtime = this.#runtimeOf(record.live);
    using _use = runtime.use();
    const result = await this.#run(runtime, request, responder, context);
    this.#parts.observer.invocation({
      function: record.name,
      version: record.live.number,
      trigger: context.trigger,
      outcome: result.outcome,
      seconds: (this.#parts.clock.monotonicMs() - startedMs) / 1000,
      ...(result.start === undefined ? {} : { start: result.start }),
      ...(result.peakMemoryBytes === undefined ? {} : { peakMemoryBytes: result.peakMemoryBytes }),
    });
    return result;
  }

  /** Lets go of versions that are no longer live; what runs on them goes on. */
  follow(snapshot: RouteSnapshot): void {
    for (const [key, runtime] of this.#runtimes) {
      const live = snapshot.functions.get(runtime.version.function)?.live;
      if (live !== undefined && keyOf(live) === key) continue;
      this.#runtimes.delete(key);
      runtime.retire((error) =>
        this.#parts.log.error({ err: error, version: key }, 'cannot close a version'),
      );
    }
  }

  async close(): Promise<void> {
    const runtimes = [...this.#runtimes.values()];
    this.#runtimes.clear();
    await Promise.all(runtimes.map((runtime) => runtime.close()));
  }

  async #run(
    runtime: VersionRuntime,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    context: InvocationContext,
  ): Promise<InvocationResult & { readonly peakMemoryBytes?: number }> {
    try {
      const place = await this.#admit(runtime, context);
      if (!('release' in place)) return place;
      using _place = place;
      return await new Invocation(this.#parts, runtime, request, responder, context).run();
    } catch (error) {
      // Whatever a guest does ends as an outcome; what arrives here is a bug of ours.
      this.#parts.log.error(
        { err: error, requestId: context.requestId },
        'invocation failed in the host',
      );
      return { outcome: 'host_error', error: toHostError(error) };
    }
  }

  /** Takes one of the version's places, waiting in its queue if it must and may. */
  async #admit(
    runtime: VersionRuntime,
    context: InvocationContext,
  ): Promise<Lease | InvocationResult> {
    const { observer } = this.#parts;
    const { gate } = runtime.parts.instances;
    const { function: name, settings } = runtime.version;
    // Signals cost microseconds, so they are made only for those who have to wait.
    const mustWait = gate.held >= settings.limits.concurrency;
    const place = gate.acquire(
      mustWait ? waitLimit(context, settings.limits.timeoutMs) : undefined,
    );
    if (place === undefined) {
      observer.shed(name);
      observer.limitExceeded(name, 'queue');
      return { outcome: 'overloaded', error: overloaded(runtime.version), retryAfterSeconds: 1 };
    }
    if (!(place instanceof Promise)) return place;
    observer.queue(name, 1);
    try {
      return await place;
    } catch {
      if (context.signal.aborted) {
        return { outcome: 'cancelled', error: new HostError('client_gone', { name }) };
      }
      observer.shed(name);
      return { outcome: 'overloaded', error: overloaded(runtime.version), retryAfterSeconds: 1 };
    } finally {
      observer.queue(name, -1);
    }
  }

  #runtimeOf(version: Version): VersionRuntime {
    const key = keyOf(version);
    const known = this.#runtimes.get(key);
    if (known !== undefined) return known;
    const runtime = new VersionRuntime(version, this.#parts.openRuntime(version));
    this.#runtimes.set(key, runtime);
    return runtime;
  }
}

function keyOf(version: Version): string {
  // A deleted and newly deployed function starts at version 1 again: its creation time tells them apart.
  return `${version.namespace}/${version.function}/${version.number}/${version.createdMs}`;
}

/** Aborts when the client leaves, or has waited as long as an invocation may take. */
function waitLimit(context: InvocationContext, timeoutMs: number): AbortSignal {
  return AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
}

function overloaded({ function: name, settings }: Version): HostError {
  const { concurrency, queue } = settings.limits;
  return new HostError('overloaded', { name, concurrency, queue });
}
