/**
 * Which functions have stopped workers, and which of them are not run any more: the third time within ten minutes is one
 * too many. Pure: where it is kept is `blame-book.ts`.
 *
 * Blame is for the version that is live. Whatever replaces it, a deployment or a rollback, begins without blame.
 */
import type { Clock } from '../../base/clock.ts';
import type { FunctionName } from '../../base/ids.ts';
import { concerns, type QuarantinedFunction } from '../../invoke/function-quarantine.ts';
import type { RouteSnapshot, Version } from '../../registry/model.ts';

/** Times that a function may stop a worker, less one. */
const STRIKES = 3;
/** Within this time, ms. */
const WINDOW_MS = 600_000;

const REASON = `it stopped a worker from answering ${STRIKES} times within ${WINDOW_MS / 60_000} minutes`;

interface Strikes {
  readonly version: Version;
  /** On the monotonic clock. */
  readonly atMs: readonly number[];
}

/** What came of a strike. */
export type Verdict = 'unknown' | 'counted' | 'quarantined';

/** The blame of all functions of a host. At most one entry a deployed function. */
export class Blame {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
  #functions: RouteSnapshot['functions'] = new Map();
  readonly #strikes = new Map<FunctionName, Strikes>();
  readonly #quarantined = new Map<FunctionName, QuarantinedFunction>();

  /** @param quarantined What was in quarantine before; `follow` drops what is deployed no longer. */
  constructor(
    clock: Pick<Clock, 'monotonicMs' | 'wallMs'>,
    quarantined: Iterable<QuarantinedFunction> = [],
  ) {
    this.#clock = clock;
    for (const one of quarantined) this.#quarantined.set(one.name, one);
  }

  /** What is in quarantine. */
  get quarantined(): readonly QuarantinedFunction[] {
    return [...this.#quarantined.values()];
  }

  /** Why a function is in quarantine; undefined if it is not. */
  get(name: FunctionName): QuarantinedFunction | undefined {
    return this.#quarantined.get(name);
  }

  /**
   * A function has stopped a worker.
   *
   * @returns `quarantined` if it is now, and was not before; `unknown` if no such function is deployed.
   */
  strike(name: FunctionName): Verdict {
    const live = this.#functions.get(name)?.live;
    if (live === undefined) return 'unknown';
    // It still ran somewhere when that was decided.
    if (this.#quarantined.has(name)) return 'counted';
    const nowMs = this.#clock.monotonicMs();
    const before = this.#strikes.get(name)?.atMs ?? [];
    const atMs = [...before.filter((thenMs) => nowMs - thenMs < WINDOW_MS), nowMs];
    if (atMs.length < STRIKES) {
      this.#strikes.set(name, { version: live, atMs });
      return 'counted';
    }
    this.#strikes.delete(name);
    this.#quarantined.set(name, {
      name,
      version: live.number,
      versionCreatedMs: live.createdMs,
      reason: REASON,
      sinceMs: this.#clock.wallMs(),
    });
    return 'quarantined';
  }

  /** Forgets what was against a function. @returns Whether it was in quarantine. */
  lift(name: FunctionName): boolean {
    this.#strikes.delete(name);
    return this.#quarantined.delete(name);
  }

  /**
   * Takes note of what is deployed: forgets what is against versions that are not live.
   *
   * @returns Names that came out of quarantine so.
   */
  follow({ functions }: RouteSnapshot): readonly FunctionName[] {
    this.#functions = functions;
    for (const [name, { version }] of this.#strikes) {
      const live = functions.get(name)?.live;
      if (live?.number !== version.number || live.createdMs !== version.createdMs) {
        this.#strikes.delete(name);
      }
    }
    const lifted: FunctionName[] = [];
    for (const [name, entry] of this.#quarantined) {
      const live = functions.get(name)?.live;
      if (live !== undefined && concerns(entry, live)) continue;
      this.#quarantined.delete(name);
      lifted.push(name);
    }
    return lifted;
  }
}
