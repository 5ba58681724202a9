/**
 * What is done with the instances of a version while nobody waits for it: those that have served are reset,
 * new ones are made ahead, old ones are closed.
 *
 * Work is done at the end of the event loop's turn, after responses were written, and at most about a
 * millisecond of it at a time, or one instance. One timer, once a second while the version is in use and
 * otherwise when the next instance will have been idle for long enough, looks after the rest: no request
 * has a timer here.
 */
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Module } from '../engine/engine.ts';
import type { HostBudget } from '../limits/host-budget.ts';
import type { Observer } from '../metrics/observer.ts';
import type { InstanceSettings, Version } from '../registry/model.ts';
import { GuestState, type GuestParts } from '../wasi/guest-state.ts';
import type { Soon } from './idle-time.ts';
import type { InstanceMaker } from './instance-maker.ts';
import type { InstancePool } from './instance-pool.ts';
import type { LiveInstance } from './live-instance.ts';
import type { PoolSize } from './pool-size.ts';
import type { StartStrategy } from './start-strategy.ts';

/** Longest that resets hold the event loop at a time, ms. */
const SLICE_MS = 1;
/** How often averages are made while the version is in use, ms. */
const FOLD_MS = 1000;
/**
 * Wait after an instance of the minimum could not be made ahead, ms; doubled up to the last with each failure that
 * follows. Beyond the minimum none is made ahead until a request has made one: a guest that ends while it starts would
 * only burn CPU time that nobody asked for.
 */
const RETRY_MS = { first: 1000, last: 60_000 };
/** Nothing is made ahead for this time after the host asked for instances back, ms. */
const PRESSURE_PAUSE_MS = 5000;
/** Share of the host's budget beyond which nothing is made ahead: the rest is for requests. */
const AHEAD_SHARE = 0.9;

/** What a keeper works with. */
export interface PoolKeeperParts {
  readonly version: Version;
  /** Of the version; the fewest instances are this worker's part, which may change. */
  readonly settings: InstanceSettings;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly pool: InstancePool;
  readonly maker: InstanceMaker;
  readonly size: PoolSize;
  readonly strategy: StartStrategy;
  readonly soon: Soon;
  readonly budget: HostBudget | undefined;
  /** Instances that are being made for requests. */
  readonly others: () => number;
  /** What instances have that are made ahead. */
  readonly startParts: () => GuestParts;
}

/** Looks after the instances of one version. */
export class PoolKeeper implements Closeable {
  readonly #parts: PoolKeeperParts;
  /** What a guest has that nobody calls; never used by one. */
  readonly #atRest: GuestParts;
  readonly #removeReclaimer: () => void;
  #isWorkComing = false;
  /** Made once: closures that are stored in what lives long outlive the collections of V8's young generation. */
  readonly #onTurnEnd = (): void => {
    this.#isWorkComing = false;
    if (!this.#closed) this.#work();
  };
  #cancelTimer: (() => void) | undefined;
  #timerMs = Infinity;
  /** Module whose initial state was asked for, with whatever result. */
  #capturedOf: Module | undefined;
  #isMaking = false;
  #failures = 0;
  #pausedUntilMs = -Infinity;
  #lastFailure: unknown;
  /** Who must wait, because there are as many instances as there may be and one is being made. */
  readonly #waiting: ((live: LiveInstance | undefined) => void)[] = [];
  #wanted = 0;
  #closed = false;

  constructor(parts: PoolKeeperParts) {
    this.#parts = parts;
    this.#atRest = parts.startParts();
    this.#removeReclaimer =
      parts.budget?.addReclaimer(() => this.#onPressure()) ?? (() => undefined);
  }

  /** Whether an instance is being made ahead now. */
  get isMaking(): boolean {
    return this.#isMaking;
  }

  /** Why the last attempt to make an instance ahead failed; undefined if it did not. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** Instances wanted as of the last look, running ones included. */
  get wanted(): number {
    return this.#wanted;
  }

  /** A request came, or the version went live: from now on averages are made and instances made ahead. */
  wake(nowMs: number): void {
    if (this.#timerMs > nowMs + FOLD_MS) this.#arm(FOLD_MS, nowMs);
  }

  /** There may be something to do when the turn is over. */
  work(): void {
    if (this.#closed || this.#isWorkComing) return;
    this.#isWorkComing = true;
    this.#parts.soon(this.#onTurnEnd);
  }

  /** A request has made an instance for itself: what has failed ahead may work as well. */
  madeForRequest(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#lastFailure = undefined;
    this.#pausedUntilMs = -Infinity;
  }

  /** A request could not make an instance for itself: neither would the next one that is made ahead. */
  failedForRequest(error: unknown): void {
    // The host had no room, which says nothing of the guest.
    if (error instanceof HostError) return;
    this.#failures = Math.max(1, this.#failures);
  }

  /** Waits for the instance that is being made ahead; undefined if it could not be made. */
  untilMade(): Promise<LiveInstance | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether an instance that has served can be reset and should be. */
  shouldReset(live: LiveInstance): boolean {
    return live.isResettable && this.#parts.strategy.shouldReset();
  }

  /**
   * Prepares an instance that was just made for resets, if that takes no time: the initial state of its module is known.
   */
  prepare(live: LiveInstance): void {
    const { strategy, version } = this.#parts;
    if (live.module !== this.#capturedOf || !strategy.canReset) return;
    const { snapshot } = version.settings.instances;
    live.isResettable = live.instance.captureInitial(snapshot === 'shared-seed') === undefined;
  }

  /**
   * Resets an instance for which `shouldReset` said so.
   *
   * @returns False if that failed: it is closed then.
   */
  reset(live: LiveInstance): boolean {
    // The guest that is replaced may be in V8's old generation already: what it still points to would stay until all of that is collected.
    live.rest(this.#atRest);
    if (live.reset(new GuestState(this.#parts.clock, this.#atRest, live.meters))) return true;
    this.#parts.pool.discard(live, 'not_reset');
    return false;
  }

  /** Lets go of what the last invocation of an instance gave it. */
  settle(live: LiveInstance): void {
    live.rest(this.#atRest);
  }

  /** Other workers lack instances: closes some that nobody uses, also of the minimum. */
  giveUp(count: number): void {
    this.#parts.pool.evictUnused(count);
    this.#pause(PRESSURE_PAUSE_MS);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#removeReclaimer();
    this.#parts.pool.evictAll();
    this.#sendWaitingAway();
    this.#showWanted(0);
    this.letGoIfUnused();
  }

  /** Lets the module cache have the module when nothing lives and nothing is wanted. */
  letGoIfUnused(): void {
    const { pool, maker, size, clock, settings, others } = this.#parts;
    if (pool.total > 0 || this.#isMaking || others() > 0) return;
    const isWanted = settings.min > 0 || size.isInUse(clock.monotonicMs());
    if (this.#closed || !isWanted) maker.letGo();
  }

  #work(): void {
    const { clock, pool } = this.#parts;
    const nowMs = this.#resetSome(clock.monotonicMs());
    if (pool.soiled > 0) this.work();
    if (this.#waiting.length > 0) this.#serveWaiting();
    // One at a time: between two of them the event loop serves requests.
    if (this.#wantsMore(nowMs)) void this.#makeAhead();
  }

  /** Resets what has served, for a slice. Returns the time. */
  #resetSome(startedMs: number): number {
    const { clock, pool, strategy } = this.#parts;
    let nowMs = startedMs;
    while (nowMs - startedMs < SLICE_MS) {
      const live = pool.takeSoiled();
      if (live === undefined) return nowMs;
      const isReset = this.reset(live);
      const doneMs = clock.monotonicMs();
      if (isReset) {
        strategy.addReset(doneMs - nowMs);
        pool.rest(live, doneMs);
      }
      nowMs = doneMs;
    }
    return nowMs;
  }

  /** An instance came back before the one that is being made was ready: who waits gets it, or its place. */
  #serveWaiting(): void {
    const { pool, version, others } = this.#parts;
    let places = version.settings.instances.max - pool.total - others() - (this.#isMaking ? 1 : 0);
    while (this.#waiting.length > 0) {
      const live = pool.takeReady();
      if (live === undefined && places <= 0) return;
      if (live === undefined) places -= 1;
      this.#waiting.shift()?.(live);
    }
  }

  #wantsMore(nowMs: number): boolean {
    const { pool, size, strategy, version, settings } = this.#parts;
    if (this.#closed || this.#isMaking || nowMs < this.#pausedUntilMs) return false;
    if (version.kind === 'command' && this.#capturedOf !== undefined && !strategy.canReset) {
      return false;
    }
    if (pool.total + this.#parts.others() >= version.settings.instances.max) return false;
    if (pool.unused >= size.wantedReady(pool.running, nowMs)) return false;
    if (pool.total < settings.min) return true;
    // The minimum was asked for; beyond it, room in the budget is left to requests.
    return this.#failures === 0 && this.#hasRoom();
  }

  #hasRoom(): boolean {
    const { budget } = this.#parts;
    if (budget === undefined) return true;
    return (
      budget.usedBytes < budget.limitBytes * AHEAD_SHARE &&
      budget.usedMappings < budget.limitMappings * AHEAD_SHARE
    );
  }

  async #makeAhead(): Promise<void> {
    const { clock, maker, strategy, startParts } = this.#parts;
    this.#isMaking = true;
    try {
      const { live, isCold, phases } = await maker.make(startParts(), undefined);
      this.#isMaking = false;
      this.#failures = 0;
      this.#lastFailure = undefined;
      // V8 compiles while a module is used for the first times: that says nothing of later ones.
      if (!isCold) strategy.addFresh((phases.instantiate ?? 0) * 1000);
      this.#take(live);
    } catch (error) {
      this.#isMaking = false;
      this.#lastFailure = error;
      // The next request that has to make one meets the same failure and tells what it is.
      const delayMs = Math.min(RETRY_MS.first * 2 ** this.#failures, RETRY_MS.last);
      this.#failures += 1;
      this.#pause(delayMs);
      this.#waiting.shift()?.(undefined);
      this.letGoIfUnused();
    }
    if (this.#closed) this.#sendWaitingAway();
    else if (this.#waiting.length > 0) void this.#makeAhead();
    else this.wake(clock.monotonicMs());
    this.work();
  }

  /** Nothing is made ahead any more: who waits makes an instance for itself. */
  #sendWaitingAway(): void {
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }

  /** An instance was made ahead: its state is captured, and it goes to who waits or rests. */
  #take(live: LiveInstance): void {
    const { pool, clock } = this.#parts;
    if (this.#closed) {
      pool.discard(live, 'closing');
      this.letGoIfUnused();
      return;
    }
    if (live.module === this.#capturedOf) this.prepare(live);
    else this.#capture(live);
    const waiting = this.#waiting.shift();
    if (this.#isUnusable(live)) {
      pool.discard(live, 'unusable');
      this.#pause(RETRY_MS.last);
      waiting?.(undefined);
    } else if (waiting === undefined) {
      pool.rest(live, clock.monotonicMs());
    } else {
      pool.run(live);
      waiting(live);
    }
  }

  /** Captures the initial state of a module: reads all its memory, so never while a request waits. */
  #capture(live: LiveInstance): void {
    const { strategy, version } = this.#parts;
    const { snapshot } = version.settings.instances;
    if (version.settings.isolation === 'reuse') return;
    this.#capturedOf = live.module;
    if (snapshot === 'never') {
      strategy.forbid('it was deployed with snapshot "never"');
      return;
    }
    const impossible = live.instance.captureInitial(snapshot === 'shared-seed');
    live.isResettable = impossible === undefined;
    if (impossible === undefined) strategy.allow();
    else strategy.forbid(impossible);
  }

  /**
   * Whether an instance was made ahead in vain: what a command is called with is in its environment, so one
   * that may have looked there while it started must be made with its request.
   */
  #isUnusable(live: LiveInstance): boolean {
    return this.#parts.version.kind === 'command' && !live.isResettable;
  }

  #onPressure(): void {
    this.#parts.pool.evictUnneeded();
    this.#pause(PRESSURE_PAUSE_MS);
  }

  #pause(delayMs: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#pausedUntilMs = nowMs + delayMs;
    if (this.#timerMs > this.#pausedUntilMs) this.#arm(delayMs, nowMs);
  }

  #onTimer(): void {
    const { clock, pool, size } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#timerMs = Infinity;
    this.#cancelTimer = undefined;
    size.fold(nowMs);
    pool.evictExpired(nowMs);
    this.#showWanted(size.figures(nowMs).wanted);
    if (this.#wantsMore(nowMs)) this.work();
    this.letGoIfUnused();
    const nextMs = this.#nextLookMs(nowMs);
    if (nextMs !== Infinity) this.#arm(nextMs - nowMs, nowMs);
  }

  /** When there will be something to look after; infinity if nothing is. */
  #nextLookMs(nowMs: number): number {
    const { pool, size } = this.#parts;
    const isPaused = this.#pausedUntilMs > nowMs;
    const nextMs = Math.min(
      size.nextChangeMs(nowMs),
      pool.nextExpiryMs,
      isPaused ? this.#pausedUntilMs : Infinity,
    );
    return Math.max(nextMs, nowMs);
  }

  #arm(delayMs: number, nowMs: number): void {
    if (this.#closed) return;
    this.#cancelTimer?.();
    this.#timerMs = nowMs + delayMs;
    this.#cancelTimer = this.#parts.clock.after(delayMs, () => this.#onTimer());
  }

  #showWanted(wanted: number): void {
    if (wanted === this.#wanted) return;
    this.#parts.observer.instancesWanted(this.#parts.version.function, wanted - this.#wanted);
    this.#wanted = wanted;
  }
}
