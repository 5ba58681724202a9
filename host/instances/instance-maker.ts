/**
 * Makes instances of one version from its module. The module stays in use as long as an instance lives or
 * the version wants some ready, so the module cache cannot let it go in between: V8 keeps the code as
 * long as an instance has it anyway.
 */
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { Lease, PlaceGate } from '../base/gate.ts';
import type { Module } from '../engine/engine.ts';
import type { Manifest } from '../engine/manifest.ts';
import type { ModuleCache, ModuleLease } from '../engine/module-cache.ts';
import { CpuMeter } from '../limits/cpu-meter.ts';
import type { HostBudget } from '../limits/host-budget.ts';
import { MemoryAccount, PAGE_BYTES } from '../limits/memory-account.ts';
import type { Scheduler } from '../limits/scheduler.ts';
import type { Share } from '../limits/share.ts';
import type { StartPhases } from '../metrics/observer.ts';
import type { Version } from '../registry/model.ts';
import { GuestState, type GuestParts } from '../wasi/guest-state.ts';
import { InstanceSeats, type Occupant } from './instance-seats.ts';
import { LiveInstance } from './live-instance.ts';

/** How long other workers have to give up an instance that they do not use, ms; then one more is made. */
const ROOM_MS = 1000;
/** Memory that is asked for at least before an instance is made, where its version may take so much, bytes. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/** What instances are made with. */
export interface InstanceMakerParts {
  readonly modules: ModuleCache;
  readonly clock: Clock;
  /** Measures and interrupts what runs. */
  readonly scheduler: Scheduler;
  /** CPU time that the first invocation on a freshly loaded module has on top of its limit, ms. */
  readonly coldAllowanceMs: number;
  /** What memories are charged to besides the version's limit; absent: nothing. */
  readonly budget?: HostBudget;
  /** Bounds instances over all workers; undefined: they are not counted. */
  readonly room?: PlaceGate | undefined;
}

/** An instance that was just made. */
export interface MadeInstance {
  readonly live: LiveInstance;
  /** Whether its module had to be loaded. */
  readonly isCold: boolean;
  /** How long each part took; `total` is all of them. */
  readonly phases: StartPhases;
}

/** Makes instances of one version. */
export class InstanceMaker {
  readonly #version: Version;
  readonly #parts: InstanceMakerParts;
  readonly #share: Share;
  /** Of the function on the running board. */
  readonly #place: number;
  #held: ModuleLease | undefined;

  constructor(version: Version, parts: InstanceMakerParts) {
    this.#version = version;
    this.#parts = parts;
    const { scheduler } = parts;
    this.#share = scheduler.share(`${version.namespace}/${version.function}`);
    this.#place = scheduler.thread.board.take(version.function);
  }

  /**
   * Asked before anything of an invocation runs: whether others come first.
   *
   * @returns Undefined if none does, which is usual; else what to wait for.
   */
  admit(): Promise<void> | undefined {
    return this.#parts.scheduler.admit(this.#share);
  }

  /**
   * Makes one. Start functions run here.
   *
   * @param guestParts What the guest has while it starts.
   * @param onGuest Called before anything of the guest runs, by whoever watches its time from then on; absent: it has
   *   as much as an invocation.
   * @throws {HostError} If the module cannot be loaded or its memories are over a limit.
   * @throws {unknown} Whatever the guest threw while it started.
   */
  make(
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
  ): Promise<MadeInstance> {
    const { clock, room } = this.#parts;
    const startedMs = clock.monotonicMs();
    return room === undefined
      ? this.#makeIn(undefined, guestParts, onGuest, startedMs)
      : this.#makeShared(room, guestParts, onGuest, startedMs);
  }

  /** Other workers make instances of the version as well: first it is seen to that this one may. */
  async #makeShared(
    room: PlaceGate,
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): Promise<MadeInstance> {
    const place = await this.#takeRoom(room, onGuest === undefined);
    try {
      return await this.#makeIn(place, guestParts, onGuest, startedMs);
    } catch (error) {
      place?.release();
      throw error;
    }
  }

  async #makeIn(
    room: Lease | undefined,
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): Promise<MadeInstance> {
    const { clock, scheduler, budget } = this.#parts;
    const { module, loaded } = await this.#useModule();
    // Lent memory that others who waited as well were faster to take is asked for again, until there is no more. Nothing
    // may be awaited between the last look and the making.
    let reserved = this.#reserve(module);
    while (reserved !== undefined && (await reserved)) reserved = this.#reserve(module);
    const loadedMs = clock.monotonicMs();
    const { cpuMs, memoryBytes, timeoutMs } = this.#version.settings.limits;
    const allowanceMs = loaded === undefined ? 0 : this.#parts.coldAllowanceMs;
    const memory = new MemoryAccount(memoryBytes, budget);
    const cpu = new CpuMeter(scheduler, this.#share, this.#place);
    const meters = { cpu, memory, timeoutMs };
    const seats = isShared(this.#version)
      ? new InstanceSeats(clock, guestParts, meters)
      : undefined;
    const guest = seats?.first.guest ?? new GuestState(clock, guestParts, meters);
    cpu.begin({ cpuMs, allowanceMs }, guest);
    const cancelTimer =
      onGuest === undefined
        ? clock.after(timeoutMs, () => guest.endNow({ kind: 'timeout' }))
        : undefined;
    try {
      onGuest?.(guest);
      const instance = await module.instantiate(guest, memory, seats?.cpu ?? cpu);
      if (guest.endReason !== undefined) {
        // It was ended while it started and came to an end by itself: nobody may call it.
        void instance.close();
        return await guest.untilEnded();
      }
      const madeMs = clock.monotonicMs();
      const phases = {
        ...loaded,
        instantiate: (madeMs - loadedMs) / 1000,
        total: (madeMs - startedMs) / 1000,
      };
      const live = new LiveInstance({
        instance,
        module,
        guest,
        memory,
        cpu,
        limits: this.#version.settings.limits,
        allowanceMs,
        madeMs,
        room,
        seats,
      });
      return { live, isCold: loaded !== undefined, phases };
    } catch (error) {
      guest.finish();
      memory.close();
      throw error;
    } finally {
      cancelTimer?.();
    }
  }

  /** Makes what an invocation has of its own that joins others in an instance. */
  createOccupant(live: LiveInstance, seats: InstanceSeats, guestParts: GuestParts): Occupant {
    const { clock, scheduler } = this.#parts;
    const { cpuMs, timeoutMs } = this.#version.settings.limits;
    const { memory } = live;
    const cpu = seats.takeSpare() ?? new CpuMeter(scheduler, this.#share, this.#place);
    const guest = seats.createGuest(clock, guestParts, { cpu, memory, timeoutMs });
    cpu.begin({ cpuMs, allowanceMs: seats.isProven ? 0 : live.allowanceMs }, guest);
    memory.forgetRefusal();
    return { guest, cpu };
  }

  /** Has memory lent for an instance; what it gives is `HostBudget.reserve`'s. */
  #reserve({ manifest }: Module): Promise<boolean> | undefined {
    const { memoryBytes } = this.#version.settings.limits;
    const bytes = Math.max(RESERVE_BYTES, firstBytesOf(manifest));
    return this.#parts.budget?.reserve(Math.min(memoryBytes, bytes));
  }

  /** No instance is left and none is wanted: the module cache may let the module go. */
  letGo(): void {
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }

  /** No further instances are asked for. Called once. */
  close(): void {
    this.#parts.scheduler.thread.board.release(this.#version.function);
  }

  /** @param isAhead Nobody waits for the instance: without a place none is made. */
  async #takeRoom(room: PlaceGate, isAhead: boolean): Promise<Lease | undefined> {
    try {
      const place = room.take() ?? (await room.acquire(AbortSignal.timeout(ROOM_MS)));
      if (place !== undefined) return place;
    } catch {
      // A request goes before the bound: its place among the running ones is its own already.
    }
    if (isAhead) throw new HostError('host_overloaded', { what: 'instances' });
    return undefined;
  }

  async #useModule(): Promise<{ module: Module; loaded: ModuleLease['loaded'] }> {
    if (this.#held !== undefined) {
      this.#parts.modules.touch(this.#version.artifact);
      return { module: this.#held.module, loaded: undefined };
    }
    const lease = await this.#parts.modules.acquire(this.#version.artifact);
    if (this.#held === undefined) this.#held = lease;
    // Others asked at the same time and were first: one lease is enough for all.
    else lease[Symbol.dispose]();
    return { module: this.#held.module, loaded: lease.loaded };
  }
}

/** Whether an instance of the version serves several invocations at once. */
export function isShared({ settings }: Version): boolean {
  return settings.isolation === 'reuse' && settings.instances.concurrentReuseCount > 1;
}

/** Bytes that the memories of a module's instances have at first, whatever their start functions do. */
function firstBytesOf({ modules }: Manifest): number {
  let pages = 0;
  for (const { memories } of modules) {
    for (const { minPages, importName } of memories)
      if (importName !== undefined) pages += minPages;
  }
  return pages * PAGE_BYTES;
}
