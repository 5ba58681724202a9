/**
 * What the ticker's thread does: sets a word each millisecond, so that guests notice that time has passed without
 * asking a clock. It runs from its own source text, so it must not use anything outside itself: a thread
 * that loads no file starts in 10 ms and takes 1 MB, one that strips types 70 ms and 7 MB.
 */

/** Words of the epoch memory, and how time is counted. */
export interface EpochWords {
  /** Index of the word set at each tick and cleared by whoever sees it; the only word that guests read. */
  readonly ticked: number;
  /** Index of the word that is 1 while the ticker sleeps because nothing has run for a while. */
  readonly parked: number;
  /** Index of the word that is 1 when the ticker is to end. */
  readonly closing: number;
  /** Time between two ticks, ms. */
  readonly tickMs: number;
  /** Ticks that nobody cleared after which the ticker sleeps. */
  readonly idleTicks: number;
}

/**
 * Ticks until `closing` is set.
 *
 * @param words The epoch memory.
 */
export function tickUntilClosed(words: Int32Array, epoch: EpochWords): void {
  const { ticked, parked, closing, tickMs, idleTicks } = epoch;
  let unseen = 0;
  while (Atomics.load(words, closing) === 0) {
    // Only `close` notifies this word while the ticker is awake: it is a sleep.
    Atomics.wait(words, parked, 0, tickMs);
    unseen = Atomics.exchange(words, ticked, 1) === 0 ? 0 : unseen + 1;
    if (unseen < idleTicks) continue;
    unseen = 0;
    Atomics.store(words, parked, 1);
    // Who clears the tick looks at `parked` afterwards, without a fence in between: for some nanoseconds neither
    // thread may see what the other wrote. So the tick is looked at again when that is long over.
    const isIdle =
      Atomics.wait(words, parked, 1, tickMs) === 'timed-out' && Atomics.load(words, ticked) !== 0;
    if (isIdle && Atomics.load(words, closing) === 0) Atomics.wait(words, parked, 1);
    Atomics.store(words, parked, 0);
  }
}
