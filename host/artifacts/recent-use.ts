/**
 * Keeps collection away from what a deployment is about to need. Between an upload and the version
 * that refers to it lies another request, or a minute of preparing, and "is it there?" answered with
 * yes is a promise too. So whatever was stored or asked for stays, until it was seen referenced once
 * (from then on the references protect it) or the grace time is over.
 */
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/ids.ts';

/** Which entries of one folder were used lately, and which are being removed. */
export class RecentUse {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #usedMs = new Map<Digest, number>();
  readonly #removals = new Map<Digest, Promise<void>>();

  /** @param graceMs How long unreferenced entries stay after their last use. */
  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** Protects an entry from now on; waits for a removal that has begun already. */
  async touch(digest: Digest): Promise<void> {
    this.#usedMs.set(digest, this.#clock.monotonicMs());
    await this.#removals.get(digest);
  }

  /** Forgets the use of what is referenced now, and of what was used too long ago. */
  settle(referenced: ReadonlySet<Digest>): void {
    const oldestMs = this.#clock.monotonicMs() - this.#graceMs;
    for (const [digest, usedMs] of this.#usedMs) {
      if (usedMs <= oldestMs || referenced.has(digest)) this.#usedMs.delete(digest);
    }
  }

  /**
   * Removes an entry unless it is protected.
   *
   * @param remove Takes the entry away; whoever touches it meanwhile waits for that.
   * @returns Whether it was removed.
   */
  async removeUnlessUsed(digest: Digest, remove: () => Promise<void>): Promise<boolean> {
    if (this.#usedMs.has(digest)) return false;
    const removal = remove();
    // Those who wait need only know that it is over; the failure is the caller's.
    const over = removal.catch(() => undefined);
    this.#removals.set(digest, over);
    try {
      await removal;
    } finally {
      this.#removals.delete(digest);
    }
    return true;
  }
}
