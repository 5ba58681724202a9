/**
 * What Node and the kernel say about a process, by prom-client: CPU, memory, event loop, heap, garbage collection. Those of
 * several processes stand side by side with a label `process`: most of them mean nothing when added up, and
 * what does can be added up by whoever asks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';

/** One sample. */
export interface ProcessSample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it is not that of the metric: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
}

/** Samples by name of the metric. */
export type ProcessDump = Readonly<Record<string, readonly ProcessSample[]>>;

/** Type of the text. */
export const CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Gauges that need files a worker may not read; prom-client leaves them at 0 then. */
const UNREADABLE_AT_ZERO = new Set([
  'process_virtual_memory_bytes',
  'process_heap_bytes',
  'process_open_fds',
  'process_max_fds',
]);
const RESIDENT_MEMORY = 'process_resident_memory_bytes';

type Json = MetricObjectWithValues<MetricValue<string>>;

/** The metrics of this process. */
export class ProcessMetrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Names of all metrics there are, with the names of their labels. */
  get labelNames(): ReadonlyMap<string, readonly string[]> {
    const names = new Map<string, readonly string[]>();
    for (const metric of this.#registry.getMetricsAsArray()) {
      const { labelNames } = metric as unknown as { labelNames: readonly string[] };
      names.set(
        metric.name,
        metric.type.toString() === 'histogram' ? [...labelNames, 'le'] : labelNames,
      );
    }
    return names;
  }

  /** The metrics of this process alone, without a label `process`. */
  async *write(): AsyncGenerator<string> {
    // One at a time: some of them read files or look at every open handle.
    for (const { name } of this.#registry.getMetricsAsArray()) {
      yield `${await this.#registry.getSingleMetricAsString(name)}\n`;
    }
  }

  /** The samples of this process; in several turns of the event loop. */
  async dump(): Promise<ProcessDump> {
    const dump: Record<string, readonly ProcessSample[]> = {};
    for (const { name } of this.#registry.getMetricsAsArray()) {
      const { values } = await this.#read(name);
      dump[name] = readable(name, values as readonly ProcessSample[]);
      await nextTurn();
    }
    return dump;
  }

  /**
   * The metrics of several processes.
   *
   * @param dumps By the label `process`; checked. This process' own among them, if it is to be there.
   */
  async *writeAll(dumps: ReadonlyMap<string, ProcessDump>): AsyncGenerator<string> {
    for (const { name } of this.#registry.getMetricsAsArray()) {
      const own = await this.#read(name);
      const labelled = [...dumps].map(([process, dump]) => [
        { ...own, aggregator: 'sum', values: labelSamples(dump[name] ?? [], process) },
      ]);
      const merged = AggregatorRegistry.aggregate([
        [{ ...own, aggregator: 'sum', values: [] }],
        ...labelled,
      ]);
      yield `${await merged.getSingleMetricAsString(name)}\n`;
    }
  }

  async #read(name: string): Promise<Json> {
    const metric = this.#registry.getSingleMetric(name);
    if (metric === undefined) throw new Error(`no metric ${name}`);
    return metric.get();
  }
}

function readable(name: string, all: readonly ProcessSample[]): readonly ProcessSample[] {
  // JSON has no other numbers; a mean of nothing is none.
  const samples = all.filter(({ value }) => Number.isFinite(value));
  const isUnread = samples.length === 1 && samples[0]?.value === 0;
  if (!isUnread) return samples;
  if (name === RESIDENT_MEMORY) return [{ labels: {}, value: process.memoryUsage.rss() }];
  return UNREADABLE_AT_ZERO.has(name) ? [] : samples;
}

function labelSamples(
  samples: readonly ProcessSample[],
  process: string,
): readonly ProcessSample[] {
  return samples.map((sample) => ({ ...sample, labels: { ...sample.labels, process } }));
}
