/**
 * One live instance with all that belongs to it: the engine's instance, the guest that its imports act
 * for, its memory account. Closing gives everything back, whatever state it is in.
 */
import type { Lease } from '../base/gate.ts';
import type { Instance, Module } from '../engine/engine.ts';
import type { CpuMeter } from '../limits/cpu-meter.ts';
import type { MemoryAccount } from '../limits/memory-account.ts';
import type { InstanceState } from '../metrics/observer.ts';
import type { VersionLimits } from '../registry/model.ts';
import type { GuestMeters, GuestParts, GuestState } from '../wasi/guest-state.ts';
import type { InstanceSeats } from './instance-seats.ts';

/** What a live instance is made of. */
export interface LiveInstanceParts {
  readonly instance: Instance;
  /** What it is an instance of. */
  readonly module: Module;
  readonly guest: GuestState;
  readonly memory: MemoryAccount;
  readonly cpu: CpuMeter;
  readonly limits: Pick<VersionLimits, 'cpuMs' | 'timeoutMs'>;
  /** CPU time that its first invocation has on top, ms: V8 compiles its module then. */
  readonly allowanceMs: number;
  /** Monotonic time at which it was ready. */
  readonly madeMs: number;
  /** Its place among the instances of all workers; absent where they are not counted. */
  readonly room: Lease | undefined;
  /** Where it serves several invocations at once. */
  readonly seats: InstanceSeats | undefined;
}

/** An instance, running or not. */
export class LiveInstance {
  readonly instance: Instance;
  readonly module: Module;
  readonly memory: MemoryAccount;
  readonly cpu: CpuMeter;
  readonly madeMs: number;
  /** Memory it started with, bytes. */
  readonly initialBytes: number;
  /** Whether it was prepared for resets. */
  isResettable = false;
  /** Invocations it has served. */
  served = 0;
  /** Monotonic time since when nobody uses it. */
  idleSinceMs: number;
  /** As the metrics count it; undefined while nobody counts it. */
  state: InstanceState | undefined;
  readonly seats: InstanceSeats | undefined;
  readonly allowanceMs: number;
  readonly #limits: LiveInstanceParts['limits'];
  readonly #room: Lease | undefined;
  #guest: GuestState;
  #closed = false;

  constructor(parts: LiveInstanceParts) {
    const { instance, module, guest, memory, cpu, limits, allowanceMs, madeMs } = parts;
    this.instance = instance;
    this.module = module;
    this.memory = memory;
    this.cpu = cpu;
    this.#limits = limits;
    this.allowanceMs = allowanceMs;
    this.madeMs = madeMs;
    this.idleSinceMs = madeMs;
    this.initialBytes = memory.bytes;
    this.#guest = guest;
    this.#room = parts.room;
    this.seats = parts.seats;
  }

  /** What its imports act for now. */
  get guest(): GuestState {
    return this.#guest;
  }

  /** Whether its memory has grown; memories never shrink. */
  get hasGrown(): boolean {
    return this.memory.bytes !== this.initialBytes;
  }

  /** Memories cannot shrink: one that is half full is given up, before an invocation finds it full. */
  get isHalfFull(): boolean {
    return this.hasGrown && this.memory.bytes > this.memory.limitBytes / 2;
  }

  /** What its guest reads of its use. */
  get meters(): GuestMeters {
    return { cpu: this.cpu, memory: this.memory, timeoutMs: this.#limits.timeoutMs };
  }

  /** Starts the next invocation. */
  begin(parts: GuestParts): void {
    const guest = this.#guest;
    guest.begin(parts);
    const allowanceMs = this.served === 0 ? this.allowanceMs : 0;
    this.cpu.begin({ cpuMs: this.#limits.cpuMs, allowanceMs }, guest);
    this.memory.forgetRefusal();
  }

  /** Lets go of what its last invocation gave it. */
  rest(parts: GuestParts): void {
    this.#guest.rest(parts);
  }

  /**
   * Goes back to the initial state of its module. The guest is a new one: whatever host objects of earlier
   * invocations are still to do, they do for one that has ended.
   *
   * @param guest Acts from now on.
   * @returns False if it cannot: it must be closed.
   */
  reset(guest: GuestState): boolean {
    if (!this.cpu.show(() => this.instance.reset(guest))) return false;
    this.#guest = guest;
    return true;
  }

  /** Ends whatever is under way and gives everything back. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#guest.finish();
    // Engines close without waiting for anything.
    void this.instance.close();
    this.memory.close(this.instance.keptBytes);
    this.#room?.release();
  }
}
