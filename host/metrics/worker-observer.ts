/**
 * The figures of a worker: counted as in a host of one process, but kept only until the supervisor has them. So a worker
 * holds what was counted in a second or two, knows nothing of places, and writes no text.
 *
 * The supervisor asks page by page. A page holds the event loop for half a millisecond, as does writing it as JSON;
 * between two pages requests are served.
 */
import type { HostUse } from './figures.ts';
import type { FunctionGauges } from './function-ranking.ts';
import { FunctionSeries, OTHER } from './function-series.ts';
import {
  DUMP_LAYOUT,
  MOST_PAGE_FUNCTIONS,
  type DumpRequest,
  type FunctionDump,
  type GaugesDump,
  type MetricsDump,
  type WorkerGauges,
} from './metrics-dump.ts';
import type {
  EvictionReason,
  InstanceState,
  InvocationReport,
  Observer,
  StartKind,
  StartPhases,
  StartWay,
} from './observer.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { dumpSeries } from './series-dump.ts';

/** How long one page holds the event loop, ms, before it is written as JSON. */
const PAGE_MS = 0.4;
/** Functions that may wait for the supervisor with counts of their own, up to 8 kB each; more count as `other`. */
const MOST_WAITING = 5000;

/** What the figures are made with. */
export interface WorkerObserverOptions {
  /** Names this life of the worker: no other has the same. At most 64 characters. */
  readonly run: string;
  /** Bytes of code in the module cache now. */
  readonly moduleCacheBytes: () => number;
  readonly hostUse: HostUse;
  /** Resident memory of the process now; the process' own if left out. */
  readonly residentBytes?: () => number;
}

interface WorkerTally extends FunctionGauges {
  readonly name: string;
  /** What was counted since the last page; undefined: nothing. */
  counts: FunctionSeries | undefined;
  /** Whether the next page is to have it. */
  isChanged: boolean;
}

/** Counts what happens in a worker, for the supervisor. */
export class WorkerObserver implements Observer {
  readonly #options: WorkerObserverOptions;
  readonly #process = new ProcessMetrics();
  readonly #residentBytes: () => number;
  readonly #residentBytesAtStart: number;
  /** Those that have something, or something to tell. */
  readonly #tallies = new Map<string, WorkerTally>();
  readonly #changed = new Set<WorkerTally>();
  #waiting = 0;
  #cache = { hit: 0, miss: 0, eviction: 0 };
  /** Sent, and perhaps not counted yet. */
  #sent: MetricsDump | undefined;
  #lastPage = 0;

  constructor(options: WorkerObserverOptions) {
    this.#options = options;
    this.#residentBytes = options.residentBytes ?? (() => process.memoryUsage.rss());
    this.#residentBytesAtStart = this.#residentBytes();
  }

  /**
   * The next page, or the last one if the supervisor has not counted it.
   *
   * @param request From the supervisor.
   */
  async dump(request: DumpRequest): Promise<MetricsDump> {
    const process = request.process ? await this.#process.dump() : undefined;
    const page = this.#takePage(request);
    return process === undefined ? page : { ...page, process };
  }

  /**
   * Gives away all there is, page by page: what a worker does last.
   *
   * @param send Brings a page to the supervisor, and its next request back.
   * @throws {HostError} What `send` throws.
   */
  async flush(send: (page: MetricsDump) => Promise<DumpRequest>): Promise<void> {
    let request: DumpRequest = { run: '', page: 0, all: false, process: false };
    for (;;) {
      const page = this.#takePage(request);
      request = await send(page);
      // Whoever does not count the page will not count the next one either.
      if (!page.more || request.page < page.page) return;
    }
  }

  invocation(report: InvocationReport): void {
    this.#countsOf(report.function).addInvocation(report);
  }

  start(functionName: string, kind: StartKind, phases: StartPhases): void {
    this.#countsOf(functionName).addStart(kind, phases);
  }

  instances(functionName: string, state: InstanceState, change: 1 | -1): void {
    this.#change(functionName)[state] += change;
  }

  instanceStart(functionName: string, way: StartWay): void {
    this.#countsOf(functionName).addStartWay(way);
  }

  evicted(functionName: string, reason: EvictionReason): void {
    this.#countsOf(functionName).addEviction(reason);
  }

  instancesWanted(functionName: string, change: number): void {
    this.#change(functionName).wanted += change;
  }

  queue(functionName: string, change: 1 | -1): void {
    this.#change(functionName).queued += change;
  }

  cache(event: 'hit' | 'miss' | 'eviction'): void {
    this.#cache[event] += 1;
  }

  limitExceeded(functionName: string, limit: string): void {
    this.#countsOf(functionName).addLimit(limit);
  }

  shed(functionName: string): void {
    this.#countsOf(functionName).shed += 1;
  }

  /** Deployments, damage and deletions are the supervisor's to report: it sees all of them. */
  deploy(): void {}
  artifactDamage(): void {}
  forget(): void {}

  #takePage({ run, page, all }: DumpRequest): MetricsDump {
    const isCounted = run === this.#options.run && page >= this.#lastPage;
    if (isCounted) this.#sent = undefined;
    if (all) this.#markAll();
    this.#sent ??= this.#createPage();
    return { ...this.#sent, more: this.#changed.size > 0 };
  }

  #createPage(): MetricsDump {
    const { hit, miss, eviction } = this.#cache;
    this.#cache = { hit: 0, miss: 0, eviction: 0 };
    this.#lastPage += 1;
    return {
      layout: DUMP_LAYOUT,
      run: this.#options.run,
      page: this.#lastPage,
      more: false,
      functions: this.#takeFunctions(),
      cache: [hit, miss, eviction],
      worker: this.#readGauges(),
    };
  }

  #takeFunctions(): readonly FunctionDump[] {
    const functions: FunctionDump[] = [];
    const endMs = performance.now() + PAGE_MS;
    for (const tally of this.#changed) {
      functions.push(this.#take(tally));
      if (functions.length >= MOST_PAGE_FUNCTIONS || performance.now() >= endMs) break;
    }
    return functions;
  }

  #take(tally: WorkerTally): FunctionDump {
    const { name, counts } = tally;
    const gauges = gaugesOf(tally);
    this.#changed.delete(tally);
    tally.isChanged = false;
    if (counts !== undefined) this.#waiting -= 1;
    tally.counts = undefined;
    if (isNothing(tally)) this.#tallies.delete(name);
    return { name, gauges, ...(counts !== undefined && { counts: dumpSeries(counts) }) };
  }

  #readGauges(): WorkerGauges {
    const { moduleCacheBytes, hostUse } = this.#options;
    return {
      moduleCacheBytes: moduleCacheBytes(),
      usedBytes: hostUse.usedBytes,
      // JSON has no infinity.
      limitBytes: Math.min(hostUse.limitBytes, Number.MAX_SAFE_INTEGER),
      usedMappings: hostUse.usedMappings,
      limitMappings: Math.min(hostUse.limitMappings, Number.MAX_SAFE_INTEGER),
      addedBytes: this.#residentBytes() - this.#residentBytesAtStart,
    };
  }

  #markAll(): void {
    for (const tally of this.#tallies.values()) this.#mark(tally);
  }

  #countsOf(name: string): FunctionSeries {
    const tally = this.#change(name);
    if (tally.counts !== undefined) return tally.counts;
    if (this.#waiting >= MOST_WAITING && name !== OTHER) return this.#countsOf(OTHER);
    this.#waiting += 1;
    tally.counts = new FunctionSeries(name, name === OTHER);
    return tally.counts;
  }

  /** The tally of a function, which the next page will have. */
  #change(name: string): WorkerTally {
    let tally = this.#tallies.get(name);
    if (tally === undefined) {
      tally = {
        name,
        counts: undefined,
        running: 0,
        idle: 0,
        warm: 0,
        wanted: 0,
        queued: 0,
        isChanged: false,
      };
      this.#tallies.set(name, tally);
    }
    this.#mark(tally);
    return tally;
  }

  #mark(tally: WorkerTally): void {
    if (tally.isChanged) return;
    tally.isChanged = true;
    this.#changed.add(tally);
  }
}

/** In the order of `GaugesDump`. */
function gaugesOf({ running, idle, warm, wanted, queued }: FunctionGauges): GaugesDump {
  return [running, idle, warm, wanted, queued].map((value) =>
    Math.max(0, value),
  ) as unknown as GaugesDump;
}

function isNothing({ running, idle, warm, wanted, queued }: FunctionGauges): boolean {
  return running === 0 && idle === 0 && warm === 0 && wanted === 0 && queued === 0;
}
