/**
 * All figures of a host as numbers: what an `Observer` is told is counted here, and written as text elsewhere. Reports
 * are counted by a look-up and a few additions (about 0.2 µs).
 */
import type { Clock } from '../base/clock.ts';
import { FunctionRanking } from './function-ranking.ts';
import type {
  EvictionReason,
  InstanceState,
  InvocationReport,
  Observer,
  StartKind,
  StartPhases,
  StartWay,
} from './observer.ts';

/** What all instances take together, and what they may. */
export interface HostUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly usedMappings: number;
  readonly limitMappings: number;
}

/** What a worker does: it comes up, serves, or finishes what is under way. */
export type WorkerState = 'starting' | 'ready' | 'draining';

/** Why a worker was replaced: it ended by itself, was killed because it did not answer, or the host was reloaded. */
export type RestartReason = 'crash' | 'watchdog' | 'reload';

/** Figures that are read when they are written. */
export interface FigureSources {
  /** Bytes of code in module caches now. */
  readonly moduleCacheBytes: () => number;
  readonly hostUse: HostUse;
  /** Resident memory that came since the start, bytes. */
  readonly addedBytes: () => number;
  /** How many workers are in each state. */
  readonly workers: () => Readonly<Record<WorkerState, number>>;
  /** How many functions are in quarantine. */
  readonly functionsQuarantined: () => number;
}

/** What they are made with. */
export interface FiguresOptions extends FigureSources {
  /** Functions with series of their own. */
  readonly maxFunctions: number;
  readonly clock: Clock;
}

/** Counts what happens. */
export class Figures implements Observer {
  readonly sources: FigureSources;
  readonly ranking: FunctionRanking;
  readonly cacheEvents = { hit: 0, miss: 0, eviction: 0 };
  /** By result. */
  readonly deploys = new Map<string, number>();
  readonly damage = { mended: 0, quarantined: 0, lifted: 0 };
  readonly restarts: Record<RestartReason, number> = { crash: 0, watchdog: 0, reload: 0 };
  liveInstances = 0;
  readonly #clock: Clock;

  constructor(options: FiguresOptions) {
    this.sources = options;
    this.#clock = options.clock;
    this.ranking = new FunctionRanking(options.maxFunctions, options.clock.monotonicMs());
  }

  /** Decides who has series of its own from now on. To be called once a scrape. */
  rebalance(): void {
    this.ranking.rebalance(this.#clock.monotonicMs());
  }

  invocation(report: InvocationReport): void {
    const tally = this.ranking.get(report.function);
    tally.recentUses += 1;
    tally.series.addInvocation(report);
  }

  start(functionName: string, kind: StartKind, phases: StartPhases): void {
    const tally = this.ranking.get(functionName);
    // A deleted function starts nothing: it was deployed anew.
    if (tally.isForgotten) this.ranking.revive(tally);
    tally.series.addStart(kind, phases);
  }

  instances(functionName: string, state: InstanceState, change: 1 | -1): void {
    this.ranking.get(functionName)[state] += change;
    this.liveInstances += change;
  }

  instanceStart(functionName: string, way: StartWay): void {
    this.ranking.get(functionName).series.addStartWay(way);
  }

  evicted(functionName: string, reason: EvictionReason): void {
    this.ranking.get(functionName).series.addEviction(reason);
  }

  instancesWanted(functionName: string, change: number): void {
    this.ranking.get(functionName).wanted += change;
  }

  queue(functionName: string, change: 1 | -1): void {
    this.ranking.get(functionName).queued += change;
  }

  cache(event: 'hit' | 'miss' | 'eviction'): void {
    this.cacheEvents[event] += 1;
  }

  limitExceeded(functionName: string, limit: string): void {
    this.ranking.get(functionName).series.addLimit(limit);
  }

  shed(functionName: string): void {
    this.ranking.get(functionName).series.shed += 1;
  }

  deploy(result: 'created' | 'unchanged' | 'refused' | 'failed'): void {
    this.deploys.set(result, (this.deploys.get(result) ?? 0) + 1);
  }

  artifactDamage(event: 'mended' | 'quarantined' | 'lifted'): void {
    this.damage[event] += 1;
  }

  forget(functionName: string): void {
    this.ranking.forget(functionName);
  }
}
