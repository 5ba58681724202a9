/**
 * Chooses how instances of a version come back to their initial state between invocations: a new one each
 * time (`fresh`), or the same one reset (`reset`), whichever costs this version less.
 *
 * A reset costs what was written; a fresh instance costs its compiled parts, its first page faults and,
 * later, the garbage collector. Which is less depends on the guest, so both are measured: the median of
 * the last few of each, and now and then the other way is tried so that its figure stays true.
 */

/** How instances come back to their initial state; forced for benchmarks and tests, else `auto`. */
export type StrategyChoice = 'auto' | 'fresh' | 'reset';

/** Samples that a median is made of: odd, and enough to leave out a pause of the garbage collector. */
const SAMPLES = 5;

/**
 * Releases after which the other way is tried once: soon at first, because code that runs seldom is slow. A fresh instance is
 * tried seldom in the end: at 20,000 requests/s one in 1,024 was memory enough for a collection of 20 ms every 12 s.
 */
const RETRY_AFTER = { first: 32, last: { fresh: 16_384, reset: 1024 } };

/** Of resets that follow each other, one in so many is a sample: sorting samples is no work for every request. */
const RESETS_PER_SAMPLE = 64;

/**
 * What a fresh instance costs the garbage collector later, ms. It cannot be seen where the instance is made: V8
 * counts its memory as external and collects everything about every 60 instances (17 pages each: 17 µs median, 71 µs mean).
 */
const FRESH_GARBAGE_MS = 0.05;

/** The other way must cost less than this share to be taken, so that noise changes nothing. */
const CLEARLY_LESS = 0.8;

/** Which way is taken and why. */
export interface StrategyFigures {
  readonly strategy: 'fresh' | 'reset';
  /** A sentence without a full stop. */
  readonly reason: string;
  /** Median of what making a fresh instance cost lately, µs; absent before the first. */
  readonly freshMicros?: number;
  /** Median of what a reset cost lately, µs; absent before the first. */
  readonly resetMicros?: number;
}

/** Decides for one version. A decision costs an addition; medians are made when a sample comes. */
export class StartStrategy {
  readonly #choice: StrategyChoice;
  readonly #fresh = new RecentSamples();
  readonly #reset = new RecentSamples();
  #preferred: 'fresh' | 'reset' = 'reset';
  #retryAfter = RETRY_AFTER.first;
  #decisions = 0;
  #resets = 0;
  /** Why instances cannot be reset; undefined if they can. */
  #impossible: string | undefined = 'its initial state was not captured yet';

  constructor(choice: StrategyChoice) {
    this.#choice = choice;
  }

  /** Whether instances can be reset. */
  get canReset(): boolean {
    return this.#impossible === undefined;
  }

  /** Whether most instances that serve will be reset. */
  get prefersReset(): boolean {
    return this.canReset && (this.#choice === 'auto' ? this.#preferred : this.#choice) === 'reset';
  }

  /** Instances can be reset from now on. */
  allow(): void {
    this.#impossible = undefined;
  }

  /** @param reason Why instances cannot be reset: a sentence without a full stop. */
  forbid(reason: string): void {
    this.#impossible = reason;
  }

  /** Whether the instance that has just served should be reset; if not, it is thrown away. */
  shouldReset(): boolean {
    if (this.#impossible !== undefined) return false;
    if (this.#choice !== 'auto') return this.#choice === 'reset';
    if (!this.#reset.isFull) return true;
    this.#decisions += 1;
    if (this.#decisions < this.#retryAfter) return this.#preferred === 'reset';
    this.#decisions = 0;
    const other = this.#preferred === 'reset' ? 'fresh' : 'reset';
    this.#retryAfter = Math.min(this.#retryAfter * 2, RETRY_AFTER.last[other]);
    return other === 'reset';
  }

  /** What making an instance took, its module being in the cache. */
  addFresh(durationMs: number): void {
    this.#fresh.add(durationMs + FRESH_GARBAGE_MS);
    this.#prefer();
  }

  /** What a reset took. */
  addReset(durationMs: number): void {
    this.#resets += 1;
    const isSample = this.#preferred === 'fresh' || this.#resets % RESETS_PER_SAMPLE === 0;
    if (this.#reset.isFull && !isSample) return;
    this.#reset.add(durationMs);
    this.#prefer();
  }

  /** For people. */
  figures(): StrategyFigures {
    const fresh = this.#fresh.median;
    const reset = this.#reset.median;
    return {
      ...this.#explain(),
      ...(fresh === undefined ? {} : { freshMicros: toMicros(fresh) }),
      ...(reset === undefined ? {} : { resetMicros: toMicros(reset) }),
    };
  }

  #explain(): Pick<StrategyFigures, 'strategy' | 'reason'> {
    if (this.#impossible !== undefined) return { strategy: 'fresh', reason: this.#impossible };
    if (this.#choice !== 'auto') return { strategy: this.#choice, reason: 'it was asked for' };
    const fresh = this.#fresh.median;
    const reset = this.#reset.median;
    if (fresh === undefined || reset === undefined) {
      return { strategy: this.#preferred, reason: 'what the ways cost is not known yet' };
    }
    const costs = `a reset takes ${toMicros(reset)} µs, a fresh instance ${toMicros(fresh)} µs`;
    return { strategy: this.#preferred, reason: costs };
  }

  #prefer(): void {
    const { median: fresh } = this.#fresh;
    const { median: reset, isFull } = this.#reset;
    if (fresh === undefined || reset === undefined || !isFull) return;
    if (this.#preferred === 'reset') {
      if (fresh < reset * CLEARLY_LESS) this.#change('fresh');
    } else if (reset < fresh * CLEARLY_LESS) {
      this.#change('reset');
    }
  }

  /** Takes the other way from now on, and soon looks whether that was right. */
  #change(preferred: 'fresh' | 'reset'): void {
    this.#preferred = preferred;
    this.#decisions = 0;
    this.#retryAfter = RETRY_AFTER.first;
  }
}

/** The last few durations, and their median. */
class RecentSamples {
  readonly #ring: number[] = [];
  #next = 0;
  #median: number | undefined;

  get median(): number | undefined {
    return this.#median;
  }

  get isFull(): boolean {
    return this.#ring.length === SAMPLES;
  }

  add(durationMs: number): void {
    this.#ring[this.#next] = durationMs;
    this.#next = (this.#next + 1) % SAMPLES;
    const sorted = this.#ring.toSorted((left, right) => left - right);
    this.#median = sorted[sorted.length >> 1];
  }
}

function toMicros(ms: number): number {
  return Math.round(ms * 1000);
}
