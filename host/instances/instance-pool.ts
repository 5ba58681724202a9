/**
 * The instances of one version that live: those that run, those that are ready, those that have served and
 * were not reset yet. It keeps count and bounds; what is to be done with them, and when, is the keeper's.
 *
 * Ready instances are taken from the end to which they are given back: the one used last is warm in the
 * processor's caches, and those that are not needed stay at the other end until their time is over.
 */
import type { EvictionReason, InstanceState, Observer } from '../metrics/observer.ts';
import type { InstanceSettings } from '../registry/model.ts';
import type { LiveInstance } from './live-instance.ts';

/** How many instances there are, for people. */
export interface PoolCounts {
  readonly running: number;
  /** Have served and wait for the next invocation. */
  readonly idle: number;
  /** Made ahead, and never called. */
  readonly warm: number;
  /** Closed so far, by reason. */
  readonly evicted: Readonly<Partial<Record<EvictionReason, number>>>;
}

/** Instances of one version. */
export class InstancePool {
  readonly #function: string;
  readonly #settings: InstanceSettings;
  readonly #observer: Observer;
  /** The one that is idle for the longest time first. */
  readonly #ready: LiveInstance[] = [];
  /** Have served; hold what their last invocation left. */
  readonly #soiled: LiveInstance[] = [];
  readonly #counts = { running: 0, idle: 0, warm: 0 };
  readonly #evicted: Partial<Record<EvictionReason, number>> = {};

  /** @param functionName What the metrics name it. */
  constructor(functionName: string, settings: InstanceSettings, observer: Observer) {
    this.#function = functionName;
    this.#settings = settings;
    this.#observer = observer;
  }

  /** Instances in use. */
  get running(): number {
    return this.#counts.running;
  }

  /** Instances that nobody uses, reset or not. */
  get unused(): number {
    return this.#ready.length + this.#soiled.length;
  }

  /** Instances that wait to be reset. */
  get soiled(): number {
    return this.#soiled.length;
  }

  /** All that live. */
  get total(): number {
    return this.running + this.unused;
  }

  /** For people. */
  get counts(): PoolCounts {
    return { ...this.#counts, evicted: { ...this.#evicted } };
  }

  /** Takes one that is ready; it counts as running from now on. */
  takeReady(): LiveInstance | undefined {
    const live = this.#ready.pop();
    if (live !== undefined) this.#enter(live, 'running');
    return live;
  }

  /** Takes one that must be reset; it counts as idle until `run` or `rest`. */
  takeSoiled(): LiveInstance | undefined {
    return this.#soiled.pop();
  }

  /** It is in use from now on. */
  run(live: LiveInstance): void {
    this.#enter(live, 'running');
  }

  /** It is ready for an invocation. */
  rest(live: LiveInstance, nowMs: number): void {
    live.idleSinceMs = nowMs;
    this.#ready.push(live);
    this.#enter(live, live.served === 0 ? 'warm' : 'idle');
  }

  /** It has served, and is to be reset. */
  soil(live: LiveInstance, nowMs: number): void {
    live.idleSinceMs = nowMs;
    this.#soiled.push(live);
    this.#enter(live, 'idle');
  }

  /** Closes an instance that is in nobody's hands and not in here: it was taken, or never put in. */
  discard(live: LiveInstance, reason: EvictionReason): void {
    this.#enter(live, undefined);
    this.#evicted[reason] = (this.#evicted[reason] ?? 0) + 1;
    this.#observer.evicted(this.#function, reason);
    live.close();
  }

  /** Closes unused ones that are too old or idle for too long, but of the latter never so many that fewer than the minimum live. */
  evictExpired(nowMs: number): void {
    const { min, idleTimeoutMs, maxAgeMs } = this.#settings;
    this.#evictReady((live) => {
      if (nowMs - live.madeMs >= maxAgeMs) return 'age';
      if (nowMs - live.idleSinceMs < idleTimeoutMs || this.total <= min) return undefined;
      return 'idle';
    });
  }

  /**
   * When the next unused instance will have to be closed if nothing happens.
   *
   * @returns Monotonic time; infinity if none.
   */
  get nextExpiryMs(): number {
    const { min, idleTimeoutMs, maxAgeMs } = this.#settings;
    let nextMs = Infinity;
    for (const live of this.#ready) nextMs = Math.min(nextMs, live.madeMs + maxAgeMs);
    const [oldest] = this.#ready;
    if (oldest === undefined || this.total <= min) return nextMs;
    return Math.min(nextMs, oldest.idleSinceMs + idleTimeoutMs);
  }

  /** Closes every unused instance beyond the minimum: the host needs what they take. */
  evictUnneeded(): void {
    while (this.total > this.#settings.min) {
      const live = this.#soiled.pop();
      if (live === undefined) break;
      this.discard(live, 'pressure');
    }
    this.#evictReady(() => (this.total > this.#settings.min ? 'pressure' : undefined));
  }

  /** Closes some unused instances, those first that were not used for the longest time. */
  evictUnused(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const live = this.#soiled.shift() ?? this.#ready.shift();
      if (live === undefined) return;
      this.discard(live, 'pressure');
    }
  }

  /** Closes every unused instance. */
  evictAll(): void {
    for (const live of [...this.#soiled.splice(0), ...this.#ready.splice(0)]) {
      this.discard(live, 'closing');
    }
  }

  #evictReady(reasonFor: (live: LiveInstance) => EvictionReason | undefined): void {
    const waiting = this.#ready.length;
    for (let seen = 0, at = 0; seen < waiting; seen += 1) {
      const live = this.#ready[at];
      const reason = live === undefined ? undefined : reasonFor(live);
      if (live === undefined || reason === undefined) {
        at += 1;
        continue;
      }
      this.#ready.splice(at, 1);
      this.discard(live, reason);
    }
  }

  #enter(live: LiveInstance, state: InstanceState | undefined): void {
    const { state: before } = live;
    if (before === state) return;
    live.state = state;
    if (before !== undefined) this.#count(before, -1);
    if (state !== undefined) this.#count(state, 1);
  }

  #count(state: InstanceState, change: 1 | -1): void {
    this.#counts[state] += change;
    this.#observer.instances(this.#function, state, change);
  }
}
