/**
 * A function's budget over time, of which all workers of a host use: tokens are had from the authority some at a time,
 * and CPU time is told to each other, so that every worker knows the sum.
 */
import type { Clock } from '../../base/clock.ts';
import { CpuWindow, type CpuCell } from '../cpu-window.ts';
import {
  refuseCpu,
  refuseRate,
  type FunctionRate,
  type RateLimits,
  type RateRefusal,
} from '../rate-budget.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { WorkerQuotaMessage } from './quota-messages.ts';

/** Tokens are had ahead for this time, in which they cannot be used elsewhere, ms. */
const AHEAD_MS = 20;
/** Tokens that were not used for this time go back, ms. */
const UNUSED_MS = 100;
/** Longest that a request waits for the authority's word, ms. */
const ANSWER_MS = 50;
/** Requests that wait for it at a time; more are refused. */
const MAX_WAITING = 1000;
/** Part of the budget of CPU time that is told at once; less is told within 100 ms. */
const TELL_SHARE = 1 / 100;

/** What a rate works with. */
export interface SharedRateParts {
  readonly key: string;
  readonly clock: Clock;
  /** Has `flush` called at the end of the turn. */
  readonly mark: (rate: SharedRate) => void;
  /** Has `flush` called within 100 ms. */
  readonly markSoon: (rate: SharedRate) => void;
  /** Share of this worker while there is no authority, 0 to 1; undefined if there is one. */
  readonly aloneShare: () => number | undefined;
  /** Share of this worker, whether or not there is an authority. */
  readonly share: () => number;
  readonly onClose: (rate: SharedRate) => void;
}

type Answer = (refusal: RateRefusal | undefined) => void;

/** The budget of one function in one worker. */
export class SharedRate implements FunctionRate {
  readonly #parts: SharedRateParts;
  readonly #window: CpuWindow;
  #limits: RateLimits = {};
  #tokens = 0;
  #tokensMs = 0;
  /** The authority has none before this time. */
  #emptyUntilMs = -Infinity;
  #waiting: Answer[] = [];
  /** Whether an ask is on its way. */
  #isAsking = false;
  #cancelTimer: (() => void) | undefined;
  /** Used while there is no authority. */
  #alone: TokenBucket | undefined;
  /** CPU time that was not told yet, ms. */
  #untoldMs = 0;
  /** Whether the authority knows that this worker wants to know of CPU time. */
  #isIntroduced = false;

  constructor(parts: SharedRateParts, limits: RateLimits) {
    this.#parts = parts;
    this.#window = new CpuWindow(parts.clock.monotonicMs());
    this.configure(limits);
  }

  get key(): string {
    return this.#parts.key;
  }

  configure(limits: RateLimits): void {
    this.#limits = limits;
    this.#alone = undefined;
    this.#emptyUntilMs = -Infinity;
    if (!this.#isIntroduced && limits.cpuMsPerMinute !== undefined) this.#parts.mark(this);
  }

  /** Costs some 0.1 µs where a token is at hand. */
  admit(): RateRefusal | undefined | Promise<RateRefusal | undefined> {
    const { requestsPerSecond, cpuMsPerMinute } = this.#limits;
    if (cpuMsPerMinute !== undefined) {
      const nowMs = this.#parts.clock.monotonicMs();
      if (this.#window.usedMs(nowMs) >= cpuMsPerMinute) {
        return refuseCpu(this.#window, cpuMsPerMinute, nowMs);
      }
    }
    if (requestsPerSecond === undefined) return undefined;
    if (this.#tokens > 0) {
      this.#tokens -= 1;
      return undefined;
    }
    return this.#askForOne(requestsPerSecond);
  }

  chargeCpu(ms: number): void {
    const { cpuMsPerMinute } = this.#limits;
    if (cpuMsPerMinute === undefined || ms <= 0) return;
    this.#window.add(ms, this.#parts.clock.monotonicMs());
    this.#untoldMs += ms;
    if (this.#untoldMs >= cpuMsPerMinute * TELL_SHARE) this.#parts.mark(this);
    else this.#parts.markSoon(this);
  }

  /** The authority's answer. @param retryMs When it has more; 0: it may be asked at once. */
  addTokens(units: number, retryMs: number): void {
    this.#isAsking = false;
    const nowMs = this.#parts.clock.monotonicMs();
    this.#tokens += units;
    this.#tokensMs = nowMs;
    if (retryMs > 0) this.#emptyUntilMs = nowMs + retryMs;
    while (this.#tokens > 0 && this.#waiting.length > 0) {
      this.#tokens -= 1;
      this.#waiting.shift()?.(undefined);
    }
    if (this.#waiting.length === 0) this.#stopTimer();
    else if (retryMs > 0) this.#answerAll(() => this.#refuse(retryMs));
    else this.#parts.mark(this);
    if (this.#tokens > 0) this.#parts.markSoon(this);
  }

  /** Others have used CPU time. */
  addCpu(cells: readonly CpuCell[]): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [ageSeconds, ms] of cells) this.#window.add(ms, nowMs, ageSeconds);
  }

  /** What the last minute took, as known here. */
  cells(): readonly CpuCell[] {
    return this.#window.cells(this.#parts.clock.monotonicMs());
  }

  /** There is a new authority: it was told of `cells`. */
  rejoin(): void {
    this.#untoldMs = 0;
    this.#tokens = 0;
    this.#isAsking = false;
    this.#isIntroduced = false;
    this.#emptyUntilMs = -Infinity;
    this.#parts.mark(this);
  }

  /** The authority is gone: who waits for it is answered by what this worker may do alone. */
  leftAlone(): void {
    this.#isAsking = false;
    this.#answerAll(() => this.#admitAlone());
  }

  close(): void {
    this.#answerAll(() => this.#admitAlone());
    this.#limits = {};
    this.#parts.onClose(this);
  }

  /** What the authority is to know. */
  flush(): readonly WorkerQuotaMessage[] {
    const { key } = this.#parts;
    const messages: WorkerQuotaMessage[] = [];
    const wantsCpu = this.#limits.cpuMsPerMinute !== undefined && !this.#isIntroduced;
    if (this.#untoldMs > 0 || wantsCpu) {
      messages.push({ kind: 'cpu', key, ms: this.#untoldMs });
      this.#untoldMs = 0;
      this.#isIntroduced = true;
    }
    const isUnused = this.#parts.clock.monotonicMs() - this.#tokensMs >= UNUSED_MS;
    const unused = isUnused ? this.#tokens : 0;
    const want = this.#isAsking || this.#waiting.length === 0 ? 0 : this.#wanted();
    this.#tokens -= unused;
    if (want > 0) this.#isAsking = true;
    if (want > 0 || unused > 0) messages.push({ kind: 'ask', key, want, unused });
    if (this.#tokens > 0) this.#parts.markSoon(this);
    return messages;
  }

  #wanted(): number {
    const { requestsPerSecond = 0 } = this.#limits;
    return this.#waiting.length + Math.floor((requestsPerSecond * AHEAD_MS) / 1000);
  }

  #askForOne(perSecond: number): RateRefusal | undefined | Promise<RateRefusal | undefined> {
    if (this.#parts.aloneShare() !== undefined) return this.#admitAlone();
    const waitMs = this.#emptyUntilMs - this.#parts.clock.monotonicMs();
    if (waitMs > 0 || this.#waiting.length >= MAX_WAITING) return refuseRate(perSecond, waitMs);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#parts.mark(this);
      // An authority that is there and says nothing is as good as none.
      this.#cancelTimer ??= this.#parts.clock.after(ANSWER_MS, () =>
        this.#answerAll(() => this.#admitAlone()),
      );
    });
  }

  /** By this worker's share of the rate. */
  #admitAlone(): RateRefusal | undefined {
    const { requestsPerSecond } = this.#limits;
    if (requestsPerSecond === undefined) return undefined;
    const nowMs = this.#parts.clock.monotonicMs();
    const perSecond = requestsPerSecond * this.#parts.share();
    this.#alone ??= new TokenBucket(perSecond, nowMs);
    if (this.#alone.perSecond !== perSecond) this.#alone.configure(perSecond, nowMs);
    return this.#alone.take(1, nowMs) === 1 ? undefined : this.#refuse(this.#alone.missingMs);
  }

  #refuse(waitMs: number): RateRefusal {
    return refuseRate(this.#limits.requestsPerSecond ?? 0, waitMs);
  }

  #answerAll(decide: () => RateRefusal | undefined): void {
    this.#stopTimer();
    for (const answer of this.#waiting.splice(0)) answer(decide());
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
