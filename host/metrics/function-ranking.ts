/**
 * Which functions have series of their own. Every function has a tally (its gauges and how much it is used); the
 * `maxFunctions` most used have a `FunctionSeries`, all others count into one, `other`.
 *
 * Places change hands at scrapes only. A function without a place takes that of one that was used far less lately.
 * What was counted is never moved: a function counts into `other` until it has a place and into its own series
 * from then on, and the series of one that lost its place rest, to go on where they stopped should it come
 * back. So no counter ever goes backwards, and none jumps by another one's past, which `rate()` would
 * take for a burst of traffic.
 */
import { FunctionSeries, OTHER } from './function-series.ts';

/** A challenger must have been used this many times as much, and this much more. */
const CLEARLY_MORE = { factor: 2, uses: 10 };
/** Uses count half after this time. */
const HALF_LIFE_MS = 60_000;
/** Deleted functions that are remembered, because their last invocations may still be under way. */
const MOST_FORGOTTEN = 1000;

/** What a function has at this moment. */
export interface FunctionGauges {
  running: number;
  idle: number;
  /** Instances made ahead that were never called. */
  warm: number;
  /** Instances that should be there. */
  wanted: number;
  queued: number;
}

/** What is known of one function, with series or without. */
export interface FunctionTally extends FunctionGauges {
  readonly name: string;
  /** Where its reports are counted now. */
  series: FunctionSeries;
  /** Invocations since the last scrape. */
  recentUses: number;
  /** Invocations until then; older ones count less. */
  uses: number;
  /** Deleted, and not deployed anew. */
  isForgotten: boolean;
}

/** The functions, and who of them has a place. */
export class FunctionRanking {
  readonly other = new FunctionSeries(OTHER, true);
  readonly #places: number;
  readonly #tallies = new Map<string, FunctionTally>();
  readonly #placed = new Set<FunctionTally>();
  /** Series of functions that lost their place, the longest resting first; bounded like the places. */
  readonly #resting = new Map<string, FunctionSeries>();
  readonly #forgotten = new Map<string, FunctionTally>();
  #decayedMs: number;

  /**
   * @param places Functions with series of their own, 0 or more.
   * @param nowMs Monotonic time.
   */
  constructor(places: number, nowMs: number) {
    this.#places = places;
    this.#decayedMs = nowMs;
  }

  /** The tally of a function, made if need be. One look-up. */
  get(name: string): FunctionTally {
    return this.find(name) ?? this.#add(name);
  }

  /** The same for those that may not be there. */
  find(name: string): FunctionTally | undefined {
    return this.#tallies.get(name) ?? this.#forgotten.get(name);
  }

  /** The tally of all that have no name here; its series are `other`. */
  get nameless(): FunctionTally {
    return this.get(OTHER);
  }

  /** All functions, also deleted ones that may still run. */
  *all(): Generator<FunctionTally> {
    yield* this.#tallies.values();
    yield* this.#forgotten.values();
  }

  /** Those with series of their own. */
  get placed(): Iterable<FunctionTally> {
    return this.#placed;
  }

  /** The function was deleted: its series end. */
  forget(name: string): void {
    const tally = this.#tallies.get(name);
    if (tally === undefined) return;
    this.#placed.delete(tally);
    this.#resting.delete(name);
    this.#tallies.delete(name);
    this.#forgotten.set(name, tally);
    const [oldest] = this.#forgotten.keys();
    if (this.#forgotten.size > MOST_FORGOTTEN && oldest !== undefined) {
      this.#forgotten.delete(oldest);
    }
    tally.series = this.other;
    tally.uses = 0;
    tally.recentUses = 0;
    tally.isForgotten = true;
  }

  /** A function was deployed under the name of a deleted one. */
  revive(tally: FunctionTally): void {
    tally.isForgotten = false;
    this.#forgotten.delete(tally.name);
    this.#tallies.set(tally.name, tally);
    this.#placeIfFree(tally);
  }

  /**
   * Gives places to those that are used clearly more than their holders. Linear in the number of functions.
   *
   * @param nowMs Monotonic time.
   */
  rebalance(nowMs: number): void {
    this.#decay(nowMs);
    const challengers: FunctionTally[] = [];
    for (const tally of this.#tallies.values()) {
      const mayChallenge = tally.uses > 0 && tally.name !== OTHER;
      if (mayChallenge && !this.#placed.has(tally)) challengers.push(tally);
    }
    if (challengers.length === 0) return;
    challengers.sort((a, b) => b.uses - a.uses);
    const holders = [...this.#placed].sort((a, b) => a.uses - b.uses);
    for (const challenger of challengers) {
      if (this.#placed.size < this.#places) {
        this.#place(challenger);
        continue;
      }
      const holder = holders.shift();
      if (holder === undefined || !isClearlyMore(challenger.uses, holder.uses)) return;
      // In this order, or the holder's series could push those of the challenger out of the resting ones.
      this.#place(challenger);
      this.#displace(holder);
    }
  }

  #add(name: string): FunctionTally {
    const tally: FunctionTally = {
      name,
      series: this.other,
      running: 0,
      idle: 0,
      warm: 0,
      wanted: 0,
      queued: 0,
      recentUses: 0,
      uses: 0,
      isForgotten: false,
    };
    this.#tallies.set(name, tally);
    this.#placeIfFree(tally);
    return tally;
  }

  #placeIfFree(tally: FunctionTally): void {
    if (this.#placed.size < this.#places && tally.name !== OTHER) this.#place(tally);
  }

  #place(tally: FunctionTally): void {
    tally.series = this.#resting.get(tally.name) ?? new FunctionSeries(tally.name, false);
    this.#resting.delete(tally.name);
    this.#placed.add(tally);
  }

  #displace(tally: FunctionTally): void {
    this.#placed.delete(tally);
    this.#resting.set(tally.name, tally.series);
    tally.series = this.other;
    const [oldest] = this.#resting.keys();
    if (this.#resting.size > this.#places && oldest !== undefined) this.#resting.delete(oldest);
  }

  #decay(nowMs: number): void {
    const factor = 0.5 ** ((nowMs - this.#decayedMs) / HALF_LIFE_MS);
    this.#decayedMs = nowMs;
    for (const tally of this.#tallies.values()) {
      tally.uses = tally.uses * factor + tally.recentUses;
      tally.recentUses = 0;
    }
  }
}

function isClearlyMore(uses: number, others: number): boolean {
  return uses > others * CLEARLY_MORE.factor && uses >= others + CLEARLY_MORE.uses;
}
