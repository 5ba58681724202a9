/**
 * Has V8 collect the memories of instances after they are closed, of large ones soon. V8 counts them as garbage of little
 * weight and, with the flags of a host (`cli/v8-flags.js`), lets a gigabyte of them lie: a guest that takes 64 MiB for each
 * request would cost the host a multiple of its limit, with pages that nobody uses and that no budget shows.
 */
import type { Clock } from '../base/clock.ts';
import { openCollector } from './collector.ts';

/** Instances from this size on are large. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Dead bytes of large instances that are worth a collection, which takes some 20 ms of the event loop. */
const WORTH_BYTES = 48 * 1024 * 1024;
/** The same of all instances: most of a small one's memory was never written to, and takes no room. */
const ALL_WORTH_BYTES = 256 * 1024 * 1024;

/** Collections take at most one part in this many of the time: without them the machine would swap, which costs more. */
const TIME_PARTS = 2;

/** What it works with. */
export interface DeadMemoryParts {
  readonly clock: Clock;
  /** Collects all garbage, at once. */
  readonly collect: () => void;
  /** Runs a task when nothing of the present call is on the stack any more. */
  readonly soon: (task: () => void) => void;
}

/** Counts what was closed and not collected. */
export class DeadMemory {
  readonly #parts: DeadMemoryParts;
  #bytes = 0;
  #largeBytes = 0;
  #isComing = false;
  /** Not before this time, monotonic ms. */
  #notBeforeMs = -Infinity;

  constructor(parts: DeadMemoryParts) {
    this.#parts = parts;
  }

  /** One for a host, which collects after the I/O of the turn. */
  static open(clock: Clock): DeadMemory {
    return new DeadMemory({ clock, collect: openCollector(), soon: setImmediate });
  }

  /** An instance was closed. @param bytes What its memories and tables took. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes >= LARGE_BYTES) this.#largeBytes += bytes;
    if (this.#isComing || (this.#largeBytes < WORTH_BYTES && this.#bytes < ALL_WORTH_BYTES)) return;
    if (this.#parts.clock.monotonicMs() < this.#notBeforeMs) return;
    this.#isComing = true;
    this.#parts.soon(() => this.#collect());
  }

  #collect(): void {
    const { clock, collect } = this.#parts;
    this.#isComing = false;
    this.#bytes = 0;
    this.#largeBytes = 0;
    const startedMs = clock.monotonicMs();
    collect();
    const endedMs = clock.monotonicMs();
    this.#notBeforeMs = endedMs + (endedMs - startedMs) * (TIME_PARTS - 1);
  }
}
