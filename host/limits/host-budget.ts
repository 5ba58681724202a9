/**
 * What all instances of one host take together: bytes of linear memory and tables, and memory mappings, of
 * which the kernel gives a process a fixed number and V8 ends the process when they are out. Whoever would
 * take more than there is is refused, before the machine swaps; before that, idle instances are closed.
 *
 * What is counted is what guests may touch. The pages of a closed instance stay with the process until V8
 * collects them, so the limits leave room: see `machine-limits.ts`.
 */
import type { Clock } from '../base/clock.ts';

/** How old a figure of the machine's free memory may be, ms; reading it takes some 20 µs. */
const SAMPLE_MS = 250;
/** The same when it is what an instance would be refused for, ms. */
const REFUSAL_SAMPLE_MS = 10;

/** The part of this process in the memory of a host of several processes. */
export interface MemoryLease {
  /** Bytes that instances of this process may take together now. */
  readonly limitBytes: number;
  /** Called when another process lacks memory. */
  onReclaim: () => void;
  /** The instances of this process take so much now. */
  changed(usedBytes: number): void;
  /**
   * Asks for room for so much more.
   *
   * @returns Undefined if there is, or if there is none to be had; else what to wait for, at most a second. It gives
   *   whether room was lent, which others who waited may have taken since.
   */
  reserve(bytes: number): Promise<boolean> | undefined;
}

/** What a host has. */
export interface HostBudgetOptions {
  /** Most bytes of all memories and tables together. */
  readonly memoryBytes: number;
  /** Most memory mappings. */
  readonly mappings: number;
  /** Memory that the machine can still give without swapping, bytes; absent: not asked. */
  readonly availableBytes?: () => number;
  /** Part of that which is never given to instances, bytes. */
  readonly reserveBytes?: number;
  /** Told how much of an instance is garbage that was closed, bytes; absent: nobody is. */
  readonly onClosed?: (bytes: number) => void;
  /** Gives this process its part of `memoryBytes`; absent: it has all of it. */
  readonly lease?: MemoryLease;
  readonly clock: Clock;
}

/** The budget of a host. */
export class HostBudget {
  readonly limitMappings: number;
  readonly #memoryBytes: number;
  readonly #lease: MemoryLease | undefined;
  readonly #clock: Clock;
  readonly #readAvailable: (() => number) | undefined;
  readonly #reserveBytes: number;
  readonly #onClosed: ((bytes: number) => void) | undefined;
  readonly #reclaimers = new Set<() => void>();
  #usedBytes = 0;
  #usedMappings = 0;
  /** What the machine had at the last look, less what was charged since. */
  #availableBytes = Infinity;
  #sampledMs = -Infinity;
  #isReclaiming = false;

  constructor(options: HostBudgetOptions) {
    this.#memoryBytes = options.memoryBytes;
    this.#lease = options.lease;
    if (this.#lease !== undefined) this.#lease.onReclaim = () => this.#reclaimAll();
    this.limitMappings = options.mappings;
    this.#clock = options.clock;
    this.#readAvailable = options.availableBytes;
    this.#reserveBytes = options.reserveBytes ?? 0;
    this.#onClosed = options.onClosed;
  }

  /** Most bytes that may be charged now. */
  get limitBytes(): number {
    return this.#lease === undefined ? this.#memoryBytes : this.#lease.limitBytes;
  }

  /** Bytes that are charged now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Mappings that are charged now. */
  get usedMappings(): number {
    return this.#usedMappings;
  }

  /**
   * Charges both if both fit; if not, asks for idle instances to be closed and tries again. Costs a few
   * additions, and every 250 ms a look at the machine's memory.
   *
   * @returns What is lacking; then nothing is charged.
   */
  charge(bytes: number, mappings: number): 'memory' | 'mappings' | undefined {
    const lacking = this.#lacking(bytes, mappings);
    if (lacking !== undefined && !this.#reclaim(bytes, mappings)) {
      // Too late for this one; the next finds it.
      if (lacking === 'memory') void this.#lease?.reserve(bytes);
      return lacking;
    }
    this.#usedBytes += bytes;
    this.#usedMappings += mappings;
    this.#availableBytes -= bytes;
    if (bytes > 0) this.#lease?.changed(this.#usedBytes);
    return undefined;
  }

  /**
   * Sees to it that there will probably be room, where other processes may have it.
   *
   * @returns What to wait for, which gives whether more was lent: then it is worth another look; undefined, which is
   *   usual, if there is nothing to wait for.
   */
  reserve(bytes: number): Promise<boolean> | undefined {
    return this.#lease?.reserve(bytes);
  }

  /** Gives back what was charged. */
  release(bytes: number, mappings: number): void {
    this.#usedBytes -= bytes;
    this.#usedMappings -= mappings;
    if (bytes > 0) this.#lease?.changed(this.#usedBytes);
  }

  /** An instance was closed, and gives back all that it has. @param keptBytes How much of it is used again. */
  close(bytes: number, mappings: number, keptBytes: number): void {
    this.release(bytes, mappings);
    this.#onClosed?.(bytes - keptBytes);
  }

  /**
   * Registers somebody who has idle instances.
   *
   * @param reclaim Closes some that nobody needs now, and has their accounts release what they took.
   * @returns Takes the registration back.
   */
  addReclaimer(reclaim: () => void): () => void {
    this.#reclaimers.add(reclaim);
    return () => this.#reclaimers.delete(reclaim);
  }

  #lacking(bytes: number, mappings: number): 'memory' | 'mappings' | undefined {
    if (this.#usedMappings + mappings > this.limitMappings) return 'mappings';
    if (bytes === 0) return undefined;
    if (this.#usedBytes + bytes > this.limitBytes) return 'memory';
    return this.#hasAvailable(bytes) ? undefined : 'memory';
  }

  #hasAvailable(bytes: number): boolean {
    if (this.#readAvailable === undefined) return true;
    const nowMs = this.#clock.monotonicMs();
    const ageMs = nowMs - this.#sampledMs;
    if (ageMs < SAMPLE_MS && this.#availableBytes - bytes >= this.#reserveBytes) return true;
    if (ageMs >= REFUSAL_SAMPLE_MS) {
      this.#sampledMs = nowMs;
      this.#availableBytes = this.#readAvailable();
    }
    return this.#availableBytes - bytes >= this.#reserveBytes;
  }

  /** Another process lacks memory: closes idle instances. */
  #reclaimAll(): void {
    if (this.#isReclaiming) return;
    this.#isReclaiming = true;
    try {
      for (const reclaim of this.#reclaimers) reclaim();
    } finally {
      this.#isReclaiming = false;
    }
  }

  /** Closes idle instances, one owner after the other, until there is room. */
  #reclaim(bytes: number, mappings: number): boolean {
    // Who reclaims must not be asked for more while it does.
    if (this.#isReclaiming) return false;
    this.#isReclaiming = true;
    try {
      for (const reclaim of this.#reclaimers) {
        reclaim();
        if (this.#lacking(bytes, mappings) === undefined) return true;
      }
      return false;
    } finally {
      this.#isReclaiming = false;
    }
  }
}
