/** The figures of a host that is one process, and their text for Prometheus. */
import type { Clock } from '../base/clock.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { Figures, type HostUse } from './figures.ts';
import { CONTENT_TYPE, ProcessMetrics } from './process-metrics.ts';
import { renderFigures } from './render-figures.ts';

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
export class PrometheusObserver extends Figures {
  /** Type of what `render` gives. */
  readonly contentType = CONTENT_TYPE;
  readonly #process = new ProcessMetrics();
  readonly #scrapes = new SingleFlight<'scrape', string>();

  constructor(options: PrometheusOptions) {
    const residentBytes = options.residentBytes ?? ((): number => process.memoryUsage.rss());
    const atStart = residentBytes();
    super({
      ...options,
      addedBytes: () => residentBytes() - atStart,
      workers: () => ({ starting: 0, ready: 1, draining: 0 }),
      // Who puts functions there is the supervisor of workers.
      functionsQuarantined: () => 0,
    });
  }

  /**
   * The state of all metrics in Prometheus' text format. Those who ask while it is being written get the same.
   */
  render(): Promise<string> {
    return this.#scrapes.run('scrape', () => renderFigures(this, this.#process.write()));
  }
}
