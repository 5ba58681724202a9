/**
 * Has V8 collect when it has been quiet for long. V8's memory reducer would do that after eight seconds, but a collection
 * of everything also lets go of compiled code, and the next requests pay for that: a host does without it
 * (`cli/v8-flags.js`). By the time that is meant here unused instances are closed as well, and the next request is slower anyway.
 */
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { openCollector } from './collector.ts';

/** How often is looked whether it is quiet. */
const LOOK_MS = 1000;
/** Quiet looks in a row after which it is collected. */
const QUIET_LOOKS = 35;
/** It is quiet if the event loop was busy for less than this part of the time. */
const QUIET_SHARE = 0.01;
/** Growth of the heap since the last collection that is worth one of 20 ms. */
const WORTH_BYTES = 16 * 1024 * 1024;

/** What it works with. */
export interface IdleCollectionParts {
  readonly clock: Clock;
  /** Collects all garbage, at once. */
  readonly collect: () => void;
  /** Bytes of the JavaScript heap in use. */
  readonly usedBytes: () => number;
  /** Part of the time that the event loop was busy since this was asked last, 0 to 1. */
  readonly busyShare: () => number;
}

/** Looks again and again until it is closed. */
export class IdleCollection implements Closeable {
  readonly #parts: IdleCollectionParts;
  /** In use after the last collection. */
  #leastBytes: number;
  #quietLooks = 0;
  #cancelTimer: () => void;

  constructor(parts: IdleCollectionParts) {
    this.#parts = parts;
    this.#leastBytes = parts.usedBytes();
    this.#cancelTimer = this.#arm();
  }

  /** One for a host. */
  static open(clock: Clock): IdleCollection {
    let before: EventLoopUtilization = performance.eventLoopUtilization();
    const busyShare = (): number => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    };
    const usedBytes = (): number => getHeapStatistics().used_heap_size;
    return new IdleCollection({ clock, collect: openCollector(), usedBytes, busyShare });
  }

  close(): void {
    this.#cancelTimer();
  }

  #arm(): () => void {
    return this.#parts.clock.after(LOOK_MS, () => {
      this.#look();
      this.#cancelTimer = this.#arm();
    });
  }

  #look(): void {
    const { busyShare, usedBytes, collect } = this.#parts;
    this.#quietLooks = busyShare() > QUIET_SHARE ? 0 : this.#quietLooks + 1;
    if (this.#quietLooks < QUIET_LOOKS) return;
    const bytes = usedBytes();
    // V8 has collected by itself meanwhile.
    this.#leastBytes = Math.min(this.#leastBytes, bytes);
    if (bytes - this.#leastBytes < WORTH_BYTES) return;
    collect();
    this.#leastBytes = usedBytes();
  }
}
