/**
 * The live instances of one version: how many run, which are idle, how the next one is made.
 *
 * `isolation: request` gives every invocation an instance of its own and throws it away; `reuse` keeps
 * it for the next one, unless it was ended, trapped or served often enough.
 */
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { Gate } from '../base/gate.ts';
import type { Instance } from '../engine/engine.ts';
import type { ModuleCache } from '../engine/module-cache.ts';
import { MemoryAccount } from '../limits/memory-account.ts';
import type { Observer, StartKind, StartPhases } from '../metrics/observer.ts';
import type { Version } from '../registry/model.ts';
import { GuestState, type GuestParts } from '../wasi/guest-state.ts';

/** Invocations after which a reused instance is replaced, so that slow leaks in guests stay bounded. */
const MAX_REUSE_COUNT = 10_000;

/** Time after which an instance that nobody uses is closed, ms. */
const IDLE_TIMEOUT_MS = 30_000;

/** What instances are made with. */
export interface InstanceParts {
  readonly modules: ModuleCache;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** An instance in use by one invocation. */
export interface InstanceLease {
  readonly guest: GuestState;
  readonly memory: MemoryAccount;
  readonly start: StartKind;
  readonly phases: StartPhases;
  /** Calls the version's entry. */
  call(parameters: readonly unknown[]): Promise<unknown>;
  /**
   * Ends the use.
   *
   * @param intact Whether the call returned and left the instance fit for another.
   */
  release(intact: boolean): void;
}

/** Instances of one version. */
export class VersionInstances implements Closeable {
  /** Bounds how many invocations run and wait. */
  readonly gate: Gate;
  readonly #version: Version;
  readonly #parts: InstanceParts;
  readonly #idle: LiveInstance[] = [];
  #closed = false;

  constructor(version: Version, parts: InstanceParts) {
    this.#version = version;
    this.#parts = parts;
    this.gate = new Gate(version.settings.limits.concurrency, version.settings.limits.queue);
  }

  /**
   * Gets an instance for one invocation: an idle one, or a new one from the module cache.
   *
   * @param guestParts What the invocation gives its guest, from the first import called at start on.
   * @throws {HostError} If the module cannot be loaded or its memories are over the limit.
   * @throws {unknown} Whatever the guest threw while it started.
   */
  async acquire(guestParts: GuestParts): Promise<InstanceLease> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.cancelIdleTimer();
      this.#count('idle', -1);
      idle.guest.begin(guestParts);
      idle.memory.forgetRefusal();
      return this.#lease(idle, 'hot', { total: (clock.monotonicMs() - startedMs) / 1000 });
    }
    using lease = await this.#parts.modules.acquire(this.#version.artifact);
    const loadedMs = clock.monotonicMs();
    const guest = new GuestState(clock, guestParts);
    const memory = new MemoryAccount(this.#version.settings.limits.memoryBytes);
    const instance = await lease.module.instantiate(guest, memory);
    const readyMs = clock.monotonicMs();
    const phases = {
      ...lease.loaded,
      instantiate: (readyMs - loadedMs) / 1000,
      total: (readyMs - startedMs) / 1000,
    };
    const live = new LiveInstance(instance, guest, memory);
    return this.#lease(live, lease.loaded === undefined ? 'warm' : 'cold', phases);
  }

  /** Closes idle instances; running ones are closed when their invocation ends. */
  close(): void {
    this.#closed = true;
    for (const live of this.#idle.splice(0)) this.#discardIdle(live);
  }

  #lease(live: LiveInstance, start: StartKind, phases: StartPhases): InstanceLease {
    this.#count('running', 1);
    live.served += 1;
    let held = true;
    return {
      guest: live.guest,
      memory: live.memory,
      start,
      phases,
      call: (parameters) => live.instance.call(parameters),
      release: (intact) => {
        if (!held) return;
        held = false;
        this.#count('running', -1);
        live.guest.finish();
        if (intact && this.#isReusable(live)) this.#keep(live);
        else void live.instance.close();
      },
    };
  }

  #isReusable(live: LiveInstance): boolean {
    return (
      this.#version.settings.isolation === 'reuse' &&
      this.#version.kind === 'http' &&
      !this.#closed &&
      live.guest.endReason === undefined &&
      live.served < MAX_REUSE_COUNT &&
      !hasGrownTooMuch(live)
    );
  }

  #keep(live: LiveInstance): void {
    this.#count('idle', 1);
    this.#idle.push(live);
    live.cancelIdleTimer = this.#parts.clock.after(IDLE_TIMEOUT_MS, () => {
      const index = this.#idle.indexOf(live);
      if (index >= 0) this.#idle.splice(index, 1);
      this.#discardIdle(live);
    });
  }

  #discardIdle(live: LiveInstance): void {
    live.cancelIdleTimer();
    this.#count('idle', -1);
    void live.instance.close();
  }

  #count(state: 'running' | 'idle', change: 1 | -1): void {
    this.#parts.observer.instances(this.#version.function, state, change);
  }
}

/** Memories cannot shrink: one that is half full is given up, before an invocation finds it full. */
function hasGrownTooMuch({ memory, initialBytes }: LiveInstance): boolean {
  return memory.bytes > initialBytes && memory.bytes > memory.limitBytes / 2;
}

class LiveInstance {
  readonly instance: Instance;
  readonly guest: GuestState;
  readonly memory: MemoryAccount;
  /** Memory it started with. */
  readonly initialBytes: number;
  served = 0;
  cancelIdleTimer: () => void = () => {};

  constructor(instance: Instance, guest: GuestState, memory: MemoryAccount) {
    this.instance = instance;
    this.guest = guest;
    this.memory = memory;
    this.initialBytes = memory.bytes;
  }
}
