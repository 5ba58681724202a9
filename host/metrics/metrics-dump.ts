/**
 * What a worker tells the supervisor of its figures, as plain data for JSON.
 *
 * Counters travel as what came since the page before, so that the supervisor counts it where it belongs at that moment and
 * needs to remember nothing of a worker that ends. A page is kept until the supervisor has asked for the next one, and sent
 * anew until then: none is lost, none counts twice. Gauges are what they are.
 */
import { digestOf } from '../base/ids.ts';
import { DURATION_BUCKETS, MEMORY_BUCKETS } from './histogram.ts';
import type { ProcessDump } from './process-metrics.ts';
import type { SeriesDump } from './series-dump.ts';

/** Most functions of one page. */
export const MOST_PAGE_FUNCTIONS = 500;

/** Changes with what the numbers of a page mean; processes of two releases may differ in it. */
export const DUMP_LAYOUT: string = digestOf(
  Buffer.from(JSON.stringify(['pages of differences', DURATION_BUCKETS, MEMORY_BUCKETS])),
).slice(0, 'sha256:'.length + 16);

/** Running, idle, warm, wanted and queued, as `FunctionGauges` explains them. */
export type GaugesDump = readonly [
  running: number,
  idle: number,
  warm: number,
  wanted: number,
  queued: number,
];

/** A function that was used, or whose gauges changed, since the page before. */
export interface FunctionDump {
  readonly name: string;
  readonly gauges: GaugesDump;
  /** Counted since the page before; absent: nothing. */
  readonly counts?: SeriesDump;
}

/** Gauges of a worker as a whole. */
export interface WorkerGauges {
  readonly moduleCacheBytes: number;
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly usedMappings: number;
  readonly limitMappings: number;
  /** Resident memory that came since its start; less than 0 if it shrank. */
  readonly addedBytes: number;
}

/** One page. */
export interface MetricsDump {
  readonly layout: string;
  /** Names one life of one worker. */
  readonly run: string;
  /** Number of the page, from 1. */
  readonly page: number;
  /** Whether there is more to ask for. */
  readonly more: boolean;
  readonly functions: readonly FunctionDump[];
  /** Hits, misses and evictions of the module cache since the page before. */
  readonly cache: readonly [hits: number, misses: number, evictions: number];
  readonly worker: WorkerGauges;
  /** Node's own metrics, if they were asked for. */
  readonly process?: ProcessDump;
}

/** What the supervisor asks for. */
export interface DumpRequest {
  /** Whose pages it has; empty: it has none. */
  readonly run: string;
  /** The last page it has counted; 0: none. */
  readonly page: number;
  /** Whether it needs the gauges of all functions. */
  readonly all: boolean;
  /** Whether it wants Node's own metrics. */
  readonly process: boolean;
}
