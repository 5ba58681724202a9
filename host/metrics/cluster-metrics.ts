/**
 * The figures of all workers in one text, in the supervisor: it asks the workers for what they have counted every second or
 * two, so that little is lost with one that dies, and before each scrape. Counts are added up as they arrive and belong to
 * the host from then on; so no counter goes back when a worker ends. Ranking, cap and text are those of a host of one process.
 */
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { Figures, type HostUse, type RestartReason, type WorkerState } from './figures.ts';
import type { WorkerGauges } from './metrics-dump.ts';
import type { Observer } from './observer.ts';
import { CONTENT_TYPE, ProcessMetrics, type ProcessDump } from './process-metrics.ts';
import { renderFigures } from './render-figures.ts';
import { WorkerFeed, type AskForDump, type FeedPosition } from './worker-feed.ts';

/** Time between two rounds, ms: the most that is lost of what a worker counted that is killed. */
const ROUND_MS = 2000;
/** How long a scrape waits for workers, ms; of one that does not answer it shows what was known. */
const PATIENCE_MS = 1000;
/** Workers that are gone of which it is remembered what was counted, should they be connected anew. */
const MOST_DEPARTED = 256;

/** What the figures are made with. */
export interface ClusterMetricsOptions {
  /** Functions with series of their own. */
  readonly maxFunctions: number;
  readonly clock: Clock;
  /** What all instances of all workers may take together, bytes: a worker knows only what it holds of it now. */
  readonly memoryBytes: number;
  /** Whether a function of this name is deployed now. */
  readonly isDeployed: (functionName: string) => boolean;
  /** How many workers are in each state now. */
  readonly workers: () => Readonly<Record<WorkerState, number>>;
  /** How many functions are in quarantine now. */
  readonly functionsQuarantined: () => number;
  /** A worker does not answer, or its page was refused; once until it works again. */
  readonly onFailed: (workerId: string, error: unknown) => void;
  /** Resident memory of the launcher, bytes; left out or undefined: not known. */
  readonly launcherResidentBytes?: () => number | undefined;
}

/** Figures of a host with several processes. */
export class ClusterMetrics implements Closeable, AsyncDisposable {
  /** Type of what `render` gives. */
  readonly contentType = CONTENT_TYPE;
  /** For what the supervisor itself sees: deployments, damage, deletions. */
  readonly observer: Observer;
  readonly #options: ClusterMetricsOptions;
  readonly #figures: Figures;
  readonly #process = new ProcessMetrics();
  readonly #feeds = new Map<string, WorkerFeed>();
  /** By worker, the one that is gone for the longest time first. */
  readonly #departed = new Map<string, FeedPosition>();
  readonly #scrapes = new SingleFlight<'scrape', string>();
  #stopTimer: () => void = () => {};
  #isClosed = false;

  constructor(options: ClusterMetricsOptions) {
    const { maxFunctions, clock, workers, functionsQuarantined } = options;
    this.#options = options;
    this.#figures = new Figures({
      maxFunctions,
      clock,
      workers,
      functionsQuarantined,
      moduleCacheBytes: () => this.#sum('moduleCacheBytes'),
      hostUse: this.#hostUse(),
      addedBytes: () => this.#sum('addedBytes'),
    });
    this.observer = this.#figures;
    this.#schedule();
  }

  /**
   * A worker is connected. One of the same name that was there departs.
   *
   * @param workerId Value of the label `process`.
   * @param ask Brings a request to it; rejects if it does not answer in time.
   * @returns To be told when it is gone.
   */
  join(workerId: string, ask: AskForDump): WorkerFeed {
    this.#feeds.get(workerId)?.depart();
    const { isDeployed, onFailed } = this.#options;
    const feed = new WorkerFeed({
      workerId,
      ask,
      position: this.#departed.get(workerId) ?? { run: '', page: 0 },
      figures: this.#figures,
      processNames: this.#process.labelNames,
      isDeployed,
      onFailed: (error) => onFailed(workerId, error),
      onDepart: () => this.#handleDeparture(feed),
    });
    this.#departed.delete(workerId);
    this.#feeds.set(workerId, feed);
    return feed;
  }

  /** A worker was replaced. */
  restarted(reason: RestartReason): void {
    this.#figures.restarts[reason] += 1;
  }

  /**
   * The state of all metrics in Prometheus' text format. Those who ask while it is being written get the same.
   */
  render(): Promise<string> {
    return this.#scrapes.run('scrape', () => this.#render());
  }

  /** Asks no more by itself. What was counted can still be read. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #render(): Promise<string> {
    await this.#pullAll(true);
    return renderFigures(this.#figures, this.#process.writeAll(await this.#readProcesses()));
  }

  /** Has it that all workers were asked, or were given time enough. */
  async #pullAll(withProcess: boolean): Promise<void> {
    if (this.#feeds.size === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const stopTimer = this.#options.clock.after(PATIENCE_MS, resolve);
    const pulls = [...this.#feeds.values()].map((feed) => feed.pull(withProcess));
    await Promise.race([late, Promise.all(pulls)]);
    stopTimer();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#stopTimer = this.#options.clock.after(ROUND_MS, () => {
      void this.#pullAll(false).then(() => this.#schedule());
    });
  }

  #handleDeparture(feed: WorkerFeed): void {
    const { workerId, position } = feed;
    if (this.#feeds.get(workerId) === feed) this.#feeds.delete(workerId);
    this.#departed.delete(workerId);
    this.#departed.set(workerId, position);
    const [oldest] = this.#departed.keys();
    if (this.#departed.size > MOST_DEPARTED && oldest !== undefined) this.#departed.delete(oldest);
  }

  async #readProcesses(): Promise<ReadonlyMap<string, ProcessDump>> {
    const dumps = new Map<string, ProcessDump>([['supervisor', await this.#process.dump()]]);
    const launcherBytes = this.#options.launcherResidentBytes?.();
    if (launcherBytes !== undefined) {
      dumps.set('launcher', {
        process_resident_memory_bytes: [{ labels: {}, value: launcherBytes }],
      });
    }
    for (const { workerId, process } of this.#feeds.values()) {
      if (process !== undefined) dumps.set(workerId, process);
    }
    return dumps;
  }

  #hostUse(): HostUse {
    const sum = (name: keyof WorkerGauges): number => this.#sum(name);
    return {
      limitBytes: this.#options.memoryBytes,
      get usedBytes() {
        return sum('usedBytes');
      },
      get usedMappings() {
        return sum('usedMappings');
      },
      get limitMappings() {
        return sum('limitMappings');
      },
    };
  }

  #sum(name: keyof WorkerGauges): number {
    let sum = 0;
    for (const { gauges } of this.#feeds.values()) sum += gauges?.[name] ?? 0;
    return sum;
  }
}
