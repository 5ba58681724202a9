/**
 * Runs functions: finds what a version shares, waits for a place, runs the invocation and reports it.
 * One invocation's own path is `invocation.ts`.
 */
import type { Closeable } from '../base/closeable.ts';
import { HostError, toHostError } from '../base/errors.ts';
import type { Lease } from '../base/gate.ts';
import type { InstancesFigures } from '../instances/version-instances.ts';
import { RateBudget, type RateRefusal } from '../limits/rate-budget.ts';
import { RateBudgets, type OpenRate } from '../limits/rate-budgets.ts';
import { functionKeyOf, versionKeyOf } from '../limits/quotas/quota-keys.ts';
import type { FunctionRecord, RouteSnapshot, Version } from '../registry/model.ts';
import type { HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';
import { FunctionQuarantine } from './function-quarantine.ts';
import { Invocation, type InvocationParts, type MeasuredResult } from './invocation.ts';
import type { InvocationContext, InvocationResult, Invoker } from './invoker.ts';
import { VersionRuntime, type VersionRuntimeParts } from './version-runtime.ts';

/** What the invoker works with. */
export interface FunctionInvokerParts extends InvocationParts {
  /** Makes what a version's invocations share. */
  readonly openRuntime: (version: Version) => VersionRuntimeParts;
  /** Makes what a function may use over time; absent: this process serves alone. */
  readonly openRate?: OpenRate;
  /** Which functions are not run; absent: all are. */
  readonly quarantine?: FunctionQuarantine | undefined;
  /** Told when an invocation that had to load its module has ended; its response may not be written yet. */
  readonly onColdStart?: () => void;
}

/** The way from a request on a function to an outcome. */
export class FunctionInvoker implements Invoker, Closeable {
  readonly #parts: FunctionInvokerParts;
  readonly #rates: RateBudgets;
  readonly #quarantine: FunctionQuarantine;
  readonly #runtimes = new Map<string, VersionRuntime>();
  /** The same by object, of which each snapshot may have another for the same version. */
  #runtimeByVersion = new WeakMap<Version, VersionRuntime>();

  constructor(parts: FunctionInvokerParts) {
    this.#parts = parts;
    this.#rates = new RateBudgets(
      parts.openRate ?? ((_key, limits) => new RateBudget(limits, parts.clock)),
    );
    this.#quarantine = parts.quarantine ?? new FunctionQuarantine();
  }

  async handle(
    record: FunctionRecord,
    request: IncomingHttpRequest,
    responder: HttpResponder,
    context: InvocationContext,
  ): Promise<InvocationResult> {
    const startedMs = this.#parts.clock.monotonicMs();
    const quarantined = this.#quarantine.refusalOf(record.live);
    if (quarantined !== undefined) {
      const refused = { outcome: 'guest_error', error: quarantined } as const;
      this.#report(record, context, refused, startedMs);
      return refused;
    }
    const runtime = this.#runtimeOf(record.live);
    runtime.enter();
    let place: Lease | undefined;
    let result: MeasuredResult;
    try {
      const asked = runtime.rate?.admit();
      const refusal = asked instanceof Promise ? await asked : asked;
      const admitted =
        refusal === undefined
          ? this.#admit(runtime, context)
          : this.#refuse(runtime.version, refusal);
      const placeOrRefusal = admitted instanceof Promise ? await admitted : admitted;
      if ('outcome' in placeOrRefusal) {
        result = placeOrRefusal;
      } else {
        place = placeOrRefusal;
        const hasWaited = admitted instanceof Promise || asked instanceof Promise;
        const nowMs = hasWaited ? this.#parts.clock.monotonicMs() : startedMs;
        const invocation = new Invocation(this.#parts, runtime, request, responder, context);
        result = await invocation.run(nowMs);
      }
    } catch (error) {
      result = this.#bug(error, context);
    }
    place?.release();
    runtime.rate?.chargeCpu(result.cpuMs ?? 0);
    this.#report(record, context, result, startedMs);
    runtime.leave();
    return result;
  }

  /**
   * Lets go of versions that are no longer live or in quarantine, while what runs on them goes on, and opens those that
   * want instances before anybody calls.
   */
  follow(snapshot: RouteSnapshot): void {
    this.#runtimeByVersion = new WeakMap();
    const lives = [...snapshot.functions.values()].map(({ live }) => live);
    this.#rates.retain(new Set(lives.map(functionKeyOf)));
    for (const [key, runtime] of this.#runtimes) {
      const live = snapshot.functions.get(runtime.version.function)?.live;
      const isServed =
        live !== undefined && versionKeyOf(live) === key && !this.#quarantine.holds(live);
      if (isServed) continue;
      this.#runtimes.delete(key);
      this.#retire(runtime, key);
    }
    for (const { live } of snapshot.functions.values()) {
      const { min } = live.settings.instances;
      if (min > 0 && !this.#quarantine.holds(live)) this.#runtimeOf(live);
    }
  }

  /** Closes the instances of a version, running ones when their invocation ends. The next invocation makes new ones. */
  dropInstances(version: Version): void {
    const key = versionKeyOf(version);
    const runtime = this.#runtimes.get(key);
    if (runtime === undefined) return;
    this.#runtimes.delete(key);
    this.#runtimeByVersion = new WeakMap();
    this.#retire(runtime, key);
  }

  /** How the instances of a version are got and why; undefined if it has had none lately. */
  describe(version: Version): InstancesFigures | undefined {
    return this.#runtimes.get(versionKeyOf(version))?.parts.instances.describe();
  }

  async close(): Promise<void> {
    const runtimes = [...this.#runtimes.values()];
    this.#runtimes.clear();
    await Promise.all(runtimes.map((runtime) => runtime.close()));
  }

  /** Takes one of the version's places, waiting in its queue if it must and may. */
  #admit(
    runtime: VersionRuntime,
    context: InvocationContext,
  ): Lease | InvocationResult | Promise<Lease | InvocationResult> {
    return runtime.parts.instances.gate.take() ?? this.#queue(runtime, context);
  }

  async #queue(
    { version, parts }: VersionRuntime,
    { caller }: InvocationContext,
  ): Promise<Lease | InvocationResult> {
    const { function: name, settings } = version;
    const left = new AbortController();
    const place = parts.instances.gate.acquire(
      AbortSignal.any([left.signal, AbortSignal.timeout(settings.limits.timeoutMs)]),
    );
    if (place === undefined) return this.#shedBeyondQueue(version);
    this.#parts.observer.queue(name, 1);
    caller.onGone = () => left.abort();
    if (caller.isGone) left.abort();
    try {
      return (await place) ?? this.#shedBeyondQueue(version);
    } catch {
      if (!caller.isGone) return this.#shed(version);
      return { outcome: 'cancelled', error: new HostError('client_gone', { name }) };
    } finally {
      caller.onGone = undefined;
      this.#parts.observer.queue(name, -1);
    }
  }

  #shedBeyondQueue(version: Version): InvocationResult {
    this.#parts.observer.limitExceeded(version.function, 'queue');
    return this.#shed(version);
  }

  #shed({ function: name, settings }: Version): InvocationResult {
    const { concurrency, queue } = settings.limits;
    this.#parts.observer.shed(name);
    const error = new HostError('overloaded', { name, concurrency, queue });
    return { outcome: 'overloaded', error, retryAfterSeconds: 1 };
  }

  /** The function has used up what it may use over time. */
  #refuse({ function: name }: Version, refusal: RateRefusal): InvocationResult {
    const { limit, limitValue, retryAfterSeconds } = refusal;
    this.#parts.observer.limitExceeded(name, limit);
    const code = limit === 'rate' ? 'rate_limited' : 'cpu_budget_exceeded';
    const error = new HostError(code, { name, limit: limitValue, retryAfterSeconds });
    return { outcome: 'overloaded', error, retryAfterSeconds };
  }

  /** Whatever a guest does ends as an outcome; what arrives here is a bug of ours. */
  #bug(error: unknown, { requestId }: InvocationContext): InvocationResult {
    this.#parts.log.error({ err: error, requestId }, 'invocation failed in the host');
    return { outcome: 'host_error', error: toHostError(error) };
  }

  #report(
    { name, live }: FunctionRecord,
    { trigger }: InvocationContext,
    { outcome, start, peakMemoryBytes, cpuMs }: MeasuredResult,
    startedMs: number,
  ): void {
    if (start === 'cold') this.#parts.onColdStart?.();
    this.#parts.observer.invocation({
      function: name,
      version: live.number,
      trigger,
      outcome,
      seconds: (this.#parts.clock.monotonicMs() - startedMs) / 1000,
      start,
      peakMemoryBytes,
      cpuSeconds: cpuMs === undefined ? undefined : cpuMs / 1000,
    });
  }

  #runtimeOf(version: Version): VersionRuntime {
    return this.#runtimeByVersion.get(version) ?? this.#findOrOpenRuntime(version);
  }

  #findOrOpenRuntime(version: Version): VersionRuntime {
    const key = versionKeyOf(version);
    const runtime = this.#runtimes.get(key) ?? this.#openRuntime(version, key);
    this.#runtimeByVersion.set(version, runtime);
    return runtime;
  }

  #retire(runtime: VersionRuntime, key: string): void {
    runtime.retire((error) =>
      this.#parts.log.error({ err: error, version: key }, 'cannot close a version'),
    );
  }

  #openRuntime(version: Version, key: string): VersionRuntime {
    const { clock, openRuntime } = this.#parts;
    const rate = this.#rates.of(functionKeyOf(version), version.settings.budget);
    const runtime = new VersionRuntime(version, clock, openRuntime(version), rate);
    this.#runtimes.set(key, runtime);
    runtime.parts.instances.provision();
    return runtime;
  }
}
