/**
 * The figures of one worker as they arrive at the supervisor. Its counts are added to those of the host, page by page, each
 * page once; of its gauges it is known which part of the host's they are, so that they vanish with it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HostError } from '../base/errors.ts';
import { checkDump, type ProcessNames } from './check-dump.ts';
import type { Figures } from './figures.ts';
import type { FunctionTally } from './function-ranking.ts';
import { OTHER } from './function-series.ts';
import type { DumpRequest, GaugesDump, MetricsDump, WorkerGauges } from './metrics-dump.ts';
import type { ProcessDump } from './process-metrics.ts';
import { countInvocations } from './series-dump.ts';

/** Pages that are asked for at a time; a worker that has more is asked again a little later. */
const MOST_PAGES = 300;

/** Brings a request to the worker and its page back; rejects if that takes too long. */
export type AskForDump = (request: DumpRequest) => Promise<unknown>;

/** The last page that was counted. */
export interface FeedPosition {
  /** Empty: none was. */
  readonly run: string;
  readonly page: number;
}

/** What a feed works with. */
export interface WorkerFeedParts {
  readonly workerId: string;
  readonly ask: AskForDump;
  /** What was counted before this worker was connected anew. */
  readonly position: FeedPosition;
  readonly figures: Figures;
  readonly processNames: ProcessNames;
  readonly isDeployed: (functionName: string) => boolean;
  /** Called once when asking begins to fail, and again only if it worked in between. */
  readonly onFailed: (error: unknown) => void;
  readonly onDepart: () => void;
}

interface GaugeShare {
  readonly tally: FunctionTally;
  readonly gauges: GaugesDump;
}

/** The connection to one worker. */
export class WorkerFeed {
  readonly #parts: WorkerFeedParts;
  readonly #shares = new Map<string, GaugeShare>();
  #position: FeedPosition;
  #gauges: WorkerGauges | undefined;
  #process: ProcessDump | undefined;
  #needsAll = true;
  #hasFailed = false;
  #hasDeparted = false;
  #pulling: Promise<void> | undefined;
  #nextPull: Promise<void> | undefined;

  constructor(parts: WorkerFeedParts) {
    this.#parts = parts;
    this.#position = parts.position;
  }

  get workerId(): string {
    return this.#parts.workerId;
  }

  get position(): FeedPosition {
    return this.#position;
  }

  /** Undefined until it has told. */
  get gauges(): WorkerGauges | undefined {
    return this.#gauges;
  }

  /** Node's metrics of its process; undefined until it has told. */
  get process(): ProcessDump | undefined {
    return this.#process;
  }

  /**
   * Counts a page that the worker sent by itself.
   *
   * @param dump As it arrived.
   * @returns What it may send next.
   * @throws {metrics_refused} If it is no page, or the worker has departed.
   */
  accept(dump: unknown): DumpRequest {
    if (this.#hasDeparted) throw this.#refusal('it has departed');
    this.#take(dump);
    return this.#requestFor(false);
  }

  /**
   * Asks for everything that was counted until now. Never rejects: what fails is told to `onFailed`.
   *
   * @param withProcess Whether Node's own metrics are wanted too.
   */
  pull(withProcess: boolean): Promise<void> {
    if (this.#pulling !== undefined) {
      // What is under way may be past what was counted last.
      this.#nextPull ??= this.#pulling.then(() => {
        this.#nextPull = undefined;
        return this.pull(true);
      });
      return this.#nextPull;
    }
    this.#pulling = this.#pull(withProcess).finally(() => (this.#pulling = undefined));
    return this.#pulling;
  }

  /** The worker is gone or no longer connected: its gauges vanish, its counts stay. May be called again. */
  depart(): void {
    if (this.#hasDeparted) return;
    this.#hasDeparted = true;
    this.#dropGauges();
    this.#parts.onDepart();
  }

  async #pull(withProcess: boolean): Promise<void> {
    try {
      await this.#pullPages(withProcess);
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed && !this.#hasDeparted) this.#parts.onFailed(error);
      this.#hasFailed = true;
    }
  }

  async #pullPages(withProcess: boolean): Promise<void> {
    let hasMore = true;
    for (let pages = 0; hasMore && pages < MOST_PAGES; pages += 1) {
      if (this.#hasDeparted) return;
      const dump = await this.#parts.ask(this.#requestFor(withProcess && pages === 0));
      if (this.#hasDeparted) return;
      hasMore = this.#take(dump).more;
      this.#needsAll = false;
      // Pages that came together are not to hold the event loop together.
      await nextTurn();
    }
  }

  #requestFor(process: boolean): DumpRequest {
    return { ...this.#position, all: this.#needsAll, process };
  }

  #take(dump: unknown): MetricsDump {
    const page = this.#check(dump);
    const { run } = this.#position;
    if (run !== '' && run !== page.run) this.#dropGauges();
    this.#gauges = page.worker;
    this.#process = page.process ?? this.#process;
    // A page comes again if its answer was lost on the way.
    if (page.run === run && page.page <= this.#position.page) return page;
    this.#count(page);
    this.#position = { run: page.run, page: page.page };
    return page;
  }

  #check(dump: unknown): MetricsDump {
    try {
      return checkDump(dump, this.#parts.processNames);
    } catch (error) {
      throw this.#refusal((error as Error).message, error);
    }
  }

  #count({ functions, cache }: MetricsDump): void {
    const { cacheEvents } = this.#parts.figures;
    for (const { name, gauges, counts } of functions) {
      const tally = this.#tallyOf(name);
      if (counts !== undefined) {
        tally.recentUses += countInvocations(counts);
        tally.series.add(counts);
      }
      this.#setGauges(name, tally, gauges);
    }
    const [hits, misses, evictions] = cache;
    cacheEvents.hit += hits;
    cacheEvents.miss += misses;
    cacheEvents.eviction += evictions;
  }

  /** A worker makes no names: what is not deployed here, and was not lately, has none. */
  #tallyOf(name: string): FunctionTally {
    const { figures, isDeployed } = this.#parts;
    const { ranking } = figures;
    if (!isDeployed(name)) return ranking.find(name) ?? ranking.nameless;
    const tally = ranking.get(name);
    if (tally.isForgotten) ranking.revive(tally);
    return tally;
  }

  #setGauges(name: string, tally: FunctionTally, gauges: GaugesDump): void {
    const share = this.#shares.get(name);
    if (share !== undefined) this.#shift(share, -1);
    this.#shares.delete(name);
    // What has no name here has no share either, or a worker could make us remember any number of names.
    const isNameless = tally.name === OTHER && name !== OTHER;
    if (isNameless || gauges.every((value) => value === 0)) return;
    const next = { tally, gauges };
    this.#shares.set(name, next);
    this.#shift(next, 1);
  }

  #shift({ tally, gauges }: GaugeShare, sign: 1 | -1): void {
    const [running, idle, warm, wanted, queued] = gauges;
    tally.running += sign * running;
    tally.idle += sign * idle;
    tally.warm += sign * warm;
    tally.wanted += sign * wanted;
    tally.queued += sign * queued;
    this.#parts.figures.liveInstances += sign * (running + idle + warm);
  }

  #dropGauges(): void {
    for (const share of this.#shares.values()) this.#shift(share, -1);
    this.#shares.clear();
    this.#gauges = undefined;
    this.#process = undefined;
  }

  #refusal(reason: string, cause?: unknown): HostError {
    return new HostError('metrics_refused', { worker: this.workerId, reason }, { cause });
  }
}
