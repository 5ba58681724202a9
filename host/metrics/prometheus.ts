/**
 * Figures for Prometheus. Reports are counted by a look-up and a few additions (about 0.2 µs); a scrape is written
 * in slices between which requests are served. Metrics without a function, and Node's own, are
 * prom-client's; those of functions are written by `function-metrics.ts`, whose first lines say why.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Clock } from '../base/clock.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { writeFunctionMetrics } from './function-metrics.ts';
import { FunctionRanking } from './function-ranking.ts';
import { METRICS, type MetricName } from './metric-names.ts';
import type {
  EvictionReason,
  InstanceState,
  InvocationReport,
  Observer,
  StartKind,
  StartPhases,
  StartWay,
} from './observer.ts';

/** Longest time a scrape holds the event loop, ms; what prom-client does at once comes on top. */
const SLICE_MS = 1;
const GIB = 2 ** 30;

/** What all instances take together, and what they may. */
export interface HostUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly usedMappings: number;
  readonly limitMappings: number;
}

/** What the figures are made with. */
export interface PrometheusOptions {
  /** Functions with series of their own. */
  readonly maxFunctions: number;
  readonly clock: Clock;
  /** Bytes of code in the module cache now. */
  readonly moduleCacheBytes: () => number;
  /** Read at every scrape. */
  readonly hostUse: HostUse;
  /** Resident memory of the process now; the process' own if left out. */
  readonly residentBytes?: () => number;
}

/** Counts what happens, and tells Prometheus. */
export class PrometheusObserver implements Observer {
  /** Type of what `render` gives. */
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #clock: Clock;
  readonly #registry = new Registry();
  readonly #ranking: FunctionRanking;
  readonly #scrapes = new SingleFlight<'scrape', string>();
  readonly #residentBytes: () => number;
  readonly #residentBytesAtStart: number;
  readonly #cache: Readonly<Record<'hit' | 'miss' | 'eviction', Counter>>;
  readonly #deploys: Counter;
  readonly #damage: Counter;
  #quarantined = 0;
  #liveInstances = 0;

  constructor(options: PrometheusOptions) {
    const { maxFunctions, clock, moduleCacheBytes, hostUse, residentBytes } = options;
    this.#clock = clock;
    this.#ranking = new FunctionRanking(maxFunctions, clock.monotonicMs());
    this.#residentBytes = residentBytes ?? (() => process.memoryUsage.rss());
    this.#residentBytesAtStart = this.#residentBytes();
    this.#cache = {
      hit: this.#counter('faas_module_cache_hits_total'),
      miss: this.#counter('faas_module_cache_misses_total'),
      eviction: this.#counter('faas_module_cache_evictions_total'),
    };
    this.#deploys = this.#counter('faas_deploys_total');
    this.#damage = this.#counter('faas_artifact_damage_total');
    // A rate needs a value from before the first time.
    for (const event of ['mended', 'quarantined', 'lifted']) this.#damage.inc({ event }, 0);
    this.#gauge('faas_artifacts_quarantined', () => this.#quarantined);
    this.#gauge('faas_module_cache_bytes', moduleCacheBytes);
    this.#gauge('faas_host_memory_used_bytes', () => hostUse.usedBytes);
    this.#gauge('faas_host_memory_limit_bytes', () => hostUse.limitBytes);
    this.#gauge('faas_host_mappings_used', () => hostUse.usedMappings);
    this.#gauge('faas_host_mappings_limit', () => hostUse.limitMappings);
    this.#gauge('faas_instances_per_gib', () => this.#density());
    collectDefaultMetrics({ register: this.#registry });
  }

  /**
   * The state of all metrics in Prometheus' text format. Those who ask while it is being written get the same.
   */
  render(): Promise<string> {
    return this.#scrapes.run('scrape', () => this.#render());
  }

  invocation(report: InvocationReport): void {
    const tally = this.#ranking.get(report.function);
    tally.recentUses += 1;
    tally.series.addInvocation(report);
  }

  start(functionName: string, kind: StartKind, phases: StartPhases): void {
    const tally = this.#ranking.get(functionName);
    // A deleted function starts nothing: it was deployed anew.
    if (tally.isForgotten) this.#ranking.revive(tally);
    tally.series.addStart(kind, phases);
  }

  instances(functionName: string, state: InstanceState, change: 1 | -1): void {
    this.#ranking.get(functionName)[state] += change;
    this.#liveInstances += change;
  }

  instanceStart(functionName: string, way: StartWay): void {
    this.#ranking.get(functionName).series.addStartWay(way);
  }

  evicted(functionName: string, reason: EvictionReason): void {
    this.#ranking.get(functionName).series.addEviction(reason);
  }

  instancesWanted(functionName: string, change: number): void {
    this.#ranking.get(functionName).wanted += change;
  }

  queue(functionName: string, change: 1 | -1): void {
    this.#ranking.get(functionName).queued += change;
  }

  cache(event: 'hit' | 'miss' | 'eviction'): void {
    this.#cache[event].inc();
  }

  limitExceeded(functionName: string, limit: string): void {
    this.#ranking.get(functionName).series.addLimit(limit);
  }

  shed(functionName: string): void {
    this.#ranking.get(functionName).series.shed += 1;
  }

  deploy(result: 'created' | 'unchanged' | 'refused' | 'failed'): void {
    this.#deploys.inc({ result });
  }

  artifactDamage(event: 'mended' | 'quarantined' | 'lifted'): void {
    this.#damage.inc({ event });
    if (event === 'quarantined') this.#quarantined += 1;
    if (event === 'lifted') this.#quarantined -= 1;
  }

  forget(functionName: string): void {
    this.#ranking.forget(functionName);
  }

  async #render(): Promise<string> {
    this.#ranking.rebalance(this.#clock.monotonicMs());
    const slices: string[] = [];
    let slice: string[] = [];
    let sliceEndMs = performance.now() + SLICE_MS;
    for (const piece of writeFunctionMetrics(this.#ranking)) {
      slice.push(piece);
      if (performance.now() < sliceEndMs) continue;
      // Joined here, while it is small: V8 puts text together when it is read, all of it at once.
      slices.push(slice.join(''));
      slice = [];
      await nextTurn();
      sliceEndMs = performance.now() + SLICE_MS;
    }
    slices.push(slice.join(''));
    for (const { name } of this.#registry.getMetricsAsArray()) {
      // One at a time: some of them read files or look at every open handle.
      await nextTurn();
      slices.push(await this.#registry.getSingleMetricAsString(name), '\n');
    }
    return slices.join('');
  }

  /** Live instances for each GiB of resident memory that came since the start. */
  #density(): number {
    const addedBytes = this.#residentBytes() - this.#residentBytesAtStart;
    return addedBytes <= 0 ? 0 : (this.#liveInstances * GIB) / addedBytes;
  }

  #counter(name: MetricName): Counter {
    const { help, labels } = METRICS[name];
    return new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
  }

  #gauge(name: MetricName, read: () => number): void {
    new Gauge({
      name,
      help: METRICS[name].help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
