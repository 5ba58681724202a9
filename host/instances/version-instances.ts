/**
 * The instances of one version, as invocations see them: one is acquired, called, and given back.
 *
 * `isolation: request`: nothing of an invocation is there for the next one. What is acquired was never called, or was
 * reset to the state before its first call (`start-strategy.ts` says which). `reuse`: an instance is kept
 * for the next invocation, unless it was ended, trapped, has grown large or served often enough; where it serves several
 * at once, `shared-instances.ts` has it.
 */
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import { Gate, type PlaceGate } from '../base/gate.ts';
import type { ModuleCache } from '../engine/module-cache.ts';
import type { CpuMeter } from '../limits/cpu-meter.ts';
import type { HostBudget } from '../limits/host-budget.ts';
import type { MemoryAccount } from '../limits/memory-account.ts';
import type { QuotaClient } from '../limits/quotas/quota-client.ts';
import { versionKeyOf } from '../limits/quotas/quota-keys.ts';
import type { Scheduler } from '../limits/scheduler.ts';
import type {
  EvictionReason,
  Observer,
  StartKind,
  StartPhases,
  StartWay,
} from '../metrics/observer.ts';
import type { InstanceSettings, Version } from '../registry/model.ts';
import type { GuestParts, GuestState } from '../wasi/guest-state.ts';
import { afterThisTurn, type Soon } from './idle-time.ts';
import { InstanceMaker, isShared } from './instance-maker.ts';
import { InstancePool, type PoolCounts } from './instance-pool.ts';
import type { LiveInstance } from './live-instance.ts';
import { PoolKeeper } from './pool-keeper.ts';
import { PoolSize, type PoolSizeFigures } from './pool-size.ts';
import { SharedInstances } from './shared-instances.ts';
import { StartStrategy, type StrategyChoice, type StrategyFigures } from './start-strategy.ts';

/** What instances are made with. */
export interface InstanceParts {
  readonly modules: ModuleCache;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Measures and interrupts what runs. */
  readonly scheduler: Scheduler;
  /** CPU time that the first invocation on a freshly loaded module has on top of its limit, ms. */
  readonly coldAllowanceMs: number;
  /** What guests have that are made before anybody calls. */
  readonly startParts: () => GuestParts;
  /** What memories are charged to besides the version's limit; absent: nothing. */
  readonly budget?: HostBudget;
  /** What the workers of a host share; absent: this process serves alone. */
  readonly quotas?: Pick<
    QuotaClient,
    'openGate' | 'openInstances' | 'portionOf' | 'followPortions'
  >;
  /** How instances come back to their initial state; benchmarks and tests force one. Default: `auto`. */
  readonly strategy?: StrategyChoice;
  /** When work is done that no request waits for. Default: at the end of the event loop's turn. */
  readonly soon?: Soon;
}

/** An instance in use by one invocation. */
export interface InstanceLease {
  readonly guest: GuestState;
  readonly memory: MemoryAccount;
  readonly cpu: CpuMeter;
  readonly start: StartKind;
  readonly phases: StartPhases;
  /** The export that is called: `wasi:http/incoming-handler@0.2.3`. */
  readonly entry: string;
  /** Calls the version's entry. */
  call(parameters: readonly unknown[]): Promise<unknown>;
  /**
   * Ends the use.
   *
   * @param intact Whether the call returned and left the instance fit for another.
   */
  release(intact: boolean): void;
}

/** How a version gets its instances and why, for people. */
export interface InstancesFigures extends Omit<StrategyFigures, 'strategy'> {
  /** `kept` with isolation `reuse`. */
  readonly strategy: 'fresh' | 'reset' | 'kept';
  readonly counts: PoolCounts;
  readonly size: PoolSizeFigures;
  /** Why the last attempt to make an instance ahead failed; absent if it did not. */
  readonly lastFailure?: string;
}

/** Instances of one version. */
export class VersionInstances implements Closeable {
  /** Bounds how many invocations run and wait. */
  readonly gate: PlaceGate;
  readonly #version: Version;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #pool: InstancePool;
  readonly #maker: InstanceMaker;
  readonly #keeper: PoolKeeper;
  readonly #size: PoolSize;
  readonly #strategy: StartStrategy;
  /** Bounds instances over all workers. */
  readonly #room: PlaceGate | undefined;
  readonly #unfollow: () => void;
  /** Where an instance serves several invocations at once. */
  readonly #shared: SharedInstances | undefined;
  /** Instances that are being made for requests. */
  #making = 0;
  #closed = false;

  constructor(version: Version, parts: InstanceParts) {
    const { clock, observer, budget } = parts;
    const { limits } = version.settings;
    const instances = settingsOf(version, parts.quotas);
    this.#version = version;
    this.#clock = clock;
    this.#observer = observer;
    const { quotas } = parts;
    const key = versionKeyOf(version);
    this.gate = quotas?.openGate(key, limits) ?? new Gate(limits.concurrency, limits.queue);
    this.#room = quotas?.openInstances(key, instances.max, {
      spare: () => this.#pool.unused,
      reclaim: (count) => this.#keeper.giveUp(count),
    });
    const nowMs = clock.monotonicMs();
    this.#pool = new InstancePool(version.function, instances, observer);
    this.#maker = new InstanceMaker(version, { ...parts, room: this.#room });
    this.#size = new PoolSize(instances, nowMs);
    this.#strategy = new StartStrategy(parts.strategy ?? 'auto');
    this.#keeper = new PoolKeeper({
      version,
      settings: instances,
      clock,
      observer,
      pool: this.#pool,
      maker: this.#maker,
      size: this.#size,
      strategy: this.#strategy,
      soon: parts.soon ?? afterThisTurn,
      budget,
      startParts: parts.startParts,
      others: () => this.#making + (this.#shared?.making ?? 0),
    });
    if (isShared(version)) {
      this.#shared = new SharedInstances({
        version,
        clock,
        observer,
        pool: this.#pool,
        maker: this.#maker,
        keeper: this.#keeper,
        size: this.#size,
        atRest: parts.startParts(),
      });
    }
    this.#unfollow = quotas?.followPortions(() => this.provision()) ?? (() => {});
  }

  /** The version is live, or should have more or fewer here than before: makes as many instances as it wants at least. */
  provision(): void {
    if (this.#version.settings.instances.min === 0) return;
    this.#keeper.wake(this.#clock.monotonicMs());
    this.#keeper.work();
  }

  /**
   * Gets an instance for one invocation: one that is ready, or a new one.
   *
   * Costs about 1 µs if one is ready.
   *
   * @param guestParts What the invocation gives its guest; if the instance is made now, from its start on.
   * @param onGuest Called if it is made now, before anything of it runs, so that it can be ended.
   * @throws {HostError} If the module cannot be loaded, its memories are over a limit, or the host has no room for a call.
   * @throws {unknown} Whatever the guest threw while it started.
   */
  acquire(
    guestParts: GuestParts,
    onGuest?: (guest: GuestState) => void,
  ): InstanceLease | Promise<InstanceLease> {
    const startedMs = this.#clock.monotonicMs();
    this.#size.arrived(startedMs);
    this.#keeper.wake(startedMs);
    // Usually undefined: only when guests of other functions have waited longer for the thread.
    const turn = this.#maker.admit();
    if (turn === undefined) return this.#take(guestParts, onGuest, startedMs);
    return turn.then(() => this.#take(guestParts, onGuest, startedMs));
  }

  #take(
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): InstanceLease | Promise<InstanceLease> {
    if (this.#shared !== undefined) return this.#shared.take(guestParts, onGuest, startedMs);
    const live = this.#pool.takeReady() ?? this.#resetSoiled();
    if (live === undefined) return this.#make(guestParts, onGuest, startedMs);
    return this.#lendReady(live, guestParts, startedMs);
  }

  /** Which way instances are got, why, and how many there are. */
  describe(): InstancesFigures {
    const { lastFailure } = this.#keeper;
    const isKept = this.#version.settings.isolation === 'reuse';
    return {
      ...(isKept
        ? { strategy: 'kept' as const, reason: 'its isolation is "reuse"' }
        : this.#strategy.figures()),
      counts: this.#pool.counts,
      size: this.#size.figures(this.#clock.monotonicMs()),
      ...(lastFailure === undefined
        ? {}
        : {
            lastFailure: lastFailure instanceof Error ? lastFailure.message : 'it threw no error',
          }),
    };
  }

  /** Closes unused instances; running ones are closed when their invocation ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unfollow();
    this.gate.close();
    this.#shared?.close();
    this.#keeper.close();
    this.#room?.close();
    this.#maker.close();
  }

  /** There is none that is ready, but one that only has to be reset: that is what a request waits for then. */
  #resetSoiled(): LiveInstance | undefined {
    for (let live = this.#pool.takeSoiled(); live !== undefined; live = this.#pool.takeSoiled()) {
      if (!this.#keeper.reset(live)) continue;
      this.#pool.run(live);
      return live;
    }
    return undefined;
  }

  async #make(
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): Promise<InstanceLease> {
    const { max } = this.#version.settings.instances;
    if (this.#keeper.isMaking && this.#pool.total + this.#making + 1 >= max) {
      const live = await this.#keeper.untilMade();
      if (live !== undefined) return this.#lendReady(live, guestParts, startedMs);
    }
    this.#making += 1;
    try {
      const { live, isCold, phases } = await this.#maker.make(guestParts, onGuest);
      this.#pool.run(live);
      this.#keeper.madeForRequest();
      if (this.#strategy.prefersReset) this.#keeper.prepare(live);
      if (!isCold) this.#strategy.addFresh((phases.instantiate ?? 0) * 1000);
      return this.#lend(
        live,
        startedMs,
        isCold ? 'cold' : 'warm',
        isCold ? 'cold' : 'fresh',
        phases,
      );
    } catch (error) {
      this.#keeper.failedForRequest(error);
      throw error;
    } finally {
      this.#making -= 1;
      this.#keeper.letGoIfUnused();
    }
  }

  #lendReady(live: LiveInstance, guestParts: GuestParts, startedMs: number): InstanceLease {
    live.begin(guestParts);
    const phases = { total: (this.#clock.monotonicMs() - startedMs) / 1000 };
    if (live.served === 0) return this.#lend(live, startedMs, 'warm', 'prewarmed', phases);
    if (this.#version.settings.isolation === 'reuse') {
      return this.#lend(live, startedMs, 'hot', 'hot', phases);
    }
    return this.#lend(live, startedMs, 'warm', 'reset', phases);
  }

  #lend(
    live: LiveInstance,
    startedMs: number,
    start: StartKind,
    way: StartWay,
    phases: StartPhases,
  ): InstanceLease {
    if (!live.memory.beginCall()) {
      const { lacking } = live.memory;
      this.#pool.discard(live, 'pressure');
      throw new HostError('host_overloaded', { what: lacking });
    }
    live.served += 1;
    this.#observer.instanceStart(this.#version.function, way);
    return new Lease(live, start, phases, (intact) => this.#release(live, intact, startedMs));
  }

  #release(live: LiveInstance, intact: boolean, startedMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#size.held(nowMs - startedMs);
    live.guest.finish();
    live.memory.endCall();
    const reason = intact ? this.#reasonToClose(live, nowMs) : 'failed';
    if (reason !== undefined) {
      this.#pool.discard(live, reason);
    } else if (this.#version.settings.isolation === 'reuse') {
      this.#keeper.settle(live);
      this.#pool.rest(live, nowMs);
      // While one is being made, somebody may wait for it who can have this one.
      if (!this.#keeper.isMaking) return;
    } else {
      this.#pool.soil(live, nowMs);
    }
    if (this.#closed) this.#keeper.letGoIfUnused();
    else this.#keeper.work();
  }

  /** Why an instance that has served is closed; undefined if it will serve again. */
  #reasonToClose(live: LiveInstance, nowMs: number): EvictionReason | undefined {
    if (this.#closed) return 'closing';
    // Exits, time-outs and broken rules end an instance, also if its call came to a result.
    if (live.guest.endReason !== undefined) return 'failed';
    const { isolation, instances } = this.#version.settings;
    if (nowMs - live.madeMs >= instances.maxAgeMs) return 'age';
    if (isolation === 'request') {
      if (live.hasGrown) return 'grown';
      return this.#keeper.shouldReset(live) ? undefined : 'served';
    }
    // A command ends with its run.
    if (this.#version.kind !== 'http') return 'served';
    if (live.served >= instances.reuseCount) return 'count';
    return live.isHalfFull ? 'grown' : undefined;
  }
}

/** Of the fewest instances that are wanted, a worker has its part; that changes while workers come and go. */
function settingsOf({ settings }: Version, quotas: InstanceParts['quotas']): InstanceSettings {
  const { instances } = settings;
  if (quotas === undefined || instances.min === 0) return instances;
  return {
    ...instances,
    get min() {
      return quotas.portionOf(instances.min);
    },
  };
}

/** A use of an instance. */
class Lease implements InstanceLease {
  readonly guest: GuestState;
  readonly memory: MemoryAccount;
  readonly cpu: CpuMeter;
  readonly start: StartKind;
  readonly phases: StartPhases;
  readonly #live: LiveInstance;
  #onRelease: ((intact: boolean) => void) | undefined;

  constructor(
    live: LiveInstance,
    start: StartKind,
    phases: StartPhases,
    onRelease: (intact: boolean) => void,
  ) {
    this.guest = live.guest;
    this.memory = live.memory;
    this.cpu = live.cpu;
    this.start = start;
    this.phases = phases;
    this.#live = live;
    this.#onRelease = onRelease;
  }

  get entry(): string {
    return this.#live.module.manifest.entry.interface;
  }

  call(parameters: readonly unknown[]): Promise<unknown> {
    return this.#live.instance.call(parameters);
  }

  release(intact: boolean): void {
    const onRelease = this.#onRelease;
    this.#onRelease = undefined;
    onRelease?.(intact);
  }
}
