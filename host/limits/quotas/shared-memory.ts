/**
 * A worker's part of the memory that all instances of a host may take, lent in chunks. Whoever takes memory cannot wait
 * (a guest's `memory.grow` is answered at once), so some is had ahead.
 */
import type { MemoryLease } from '../host-budget.ts';
import type { LeasedCount } from './leased-count.ts';

/** A chunk is this part of the total, so that what lies unused in rounded up chunks is little. */
const CHUNKS = 256;
const LEAST_CHUNK_BYTES = 1024 * 1024;
const LARGEST_CHUNK_BYTES = 64 * 1024 * 1024;
/** Had ahead, bytes, where the total has room for it. */
const AHEAD_BYTES = 64 * 1024 * 1024;
/** Longest wait for the authority's word, ms. */
const ANSWER_MS = 1000;
/** Nothing is asked for ahead for this time after the authority had nothing, ms. */
const PAUSE_MS = 1000;

/** Bytes of one chunk. */
export function chunkBytesOf(totalBytes: number): number {
  return Math.min(
    Math.max(Math.floor(totalBytes / CHUNKS), LEAST_CHUNK_BYTES),
    LARGEST_CHUNK_BYTES,
  );
}

/** Chunks of all workers together. */
export function chunksOf(totalBytes: number): number {
  return Math.floor(totalBytes / chunkBytesOf(totalBytes));
}

/** What it works with. */
export interface SharedMemoryParts {
  readonly totalBytes: number;
  readonly openCount: (memory: SharedMemory) => LeasedCount;
  readonly after: (delayMs: number, task: () => void) => () => void;
  readonly isAlone: () => boolean;
}

/** The memory of one worker. */
export class SharedMemory implements MemoryLease {
  readonly #parts: SharedMemoryParts;
  readonly #chunkBytes: number;
  readonly #aheadBytes: number;
  readonly #count: LeasedCount;
  readonly #waiting = new Set<(isLent: boolean) => void>();
  #usedBytes = 0;
  /** Up to how much somebody needs, bytes. Whoever did not get it has ended, and what it used is free again. */
  #wantedUpToBytes = 0;
  #isPaused = false;
  #reclaimIdle: () => void = () => undefined;

  constructor(parts: SharedMemoryParts) {
    this.#parts = parts;
    this.#chunkBytes = chunkBytesOf(parts.totalBytes);
    this.#aheadBytes = Math.min(AHEAD_BYTES, parts.totalBytes / 16);
    this.#count = parts.openCount(this);
    this.#count.ask();
  }

  get limitBytes(): number {
    return this.#count.held * this.#chunkBytes;
  }

  set onReclaim(reclaim: () => void) {
    this.#reclaimIdle = reclaim;
  }

  changed(usedBytes: number): void {
    this.#usedBytes = usedBytes;
    const used = Math.ceil(usedBytes / this.#chunkBytes);
    const count = this.#count;
    while (count.used > used) count.give();
    if (count.used < used) count.used = used;
    this.#settle();
  }

  reserve(bytes: number): Promise<boolean> | undefined {
    const { totalBytes } = this.#parts;
    const { held, total } = this.#count;
    const upToBytes = this.#usedBytes + bytes;
    if (upToBytes <= this.limitBytes || held >= total) return undefined;
    // And what comes on top of it: tables, a second memory.
    const withAheadBytes = Math.min(upToBytes + this.#aheadBytes, totalBytes);
    this.#wantedUpToBytes = Math.max(this.#wantedUpToBytes, withAheadBytes);
    this.#settle();
    if (this.#count.isShort || this.#parts.isAlone()) return undefined;
    return new Promise((resolve) => {
      const done = (isLent: boolean): void => {
        cancel();
        this.#waiting.delete(done);
        resolve(isLent);
      };
      const cancel = this.#parts.after(ANSWER_MS, () => done(false));
      this.#waiting.add(done);
    });
  }

  /** Chunks that would be used besides those that are, if not all of them are held. */
  get lacking(): number {
    const aheadBytes = this.#isPaused ? 0 : this.#aheadBytes;
    const upToBytes = Math.max(this.#wantedUpToBytes, this.#usedBytes + aheadBytes);
    const { held, used, total } = this.#count;
    const wanted = Math.min(Math.ceil(upToBytes / this.#chunkBytes), total);
    // Those that are held and not in use would be used as well.
    return wanted > held ? wanted - used : 0;
  }

  onGranted(): void {
    if (this.lacking > 0) return;
    this.#wantedUpToBytes = 0;
    this.#settle();
    for (const done of this.#waiting) done(true);
  }

  /** Chunks that are had ahead. */
  get ahead(): number {
    return this.#isPaused ? 0 : Math.ceil(this.#aheadBytes / this.#chunkBytes);
  }

  /** Others lack memory. */
  onRecall(): void {
    this.#pause();
  }

  onShort(): void {
    this.#wantedUpToBytes = 0;
    this.#pause();
    this.#settle();
    for (const done of this.#waiting) done(false);
  }

  /** Others lack memory: instances that nobody needs now are closed. */
  reclaim(): void {
    this.#reclaimIdle();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#parts.after(PAUSE_MS, () => {
      this.#isPaused = false;
      this.#settle();
    });
  }

  #settle(): void {
    if (this.lacking > 0) this.#count.ask();
    else this.#count.calm();
  }
}
