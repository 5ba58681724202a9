/** What was counted for one function as plain data, and its way back into series. */
import { dumpHistogram, type HistogramDump } from './histogram-dump.ts';
import type { FunctionSeries } from './function-series.ts';

/** Counts by the value of a label. */
export type CountsDump = Readonly<Record<string, number>>;

/** Counters and histograms of one function; what is absent was not counted. */
export interface SeriesDump {
  /** By version, trigger and outcome. */
  readonly invocations?: Readonly<Record<string, Readonly<Record<string, CountsDump>>>>;
  /** By start. */
  readonly durations?: Readonly<Record<string, HistogramDump>>;
  /** By start and phase. */
  readonly starts?: Readonly<Record<string, Readonly<Record<string, HistogramDump>>>>;
  readonly startWays?: CountsDump;
  readonly evictions?: CountsDump;
  readonly limits?: CountsDump;
  readonly memory?: HistogramDump;
  readonly cpu?: HistogramDump;
  readonly shed?: number;
}

/** Writes what a function's series have counted. */
export function dumpSeries(series: FunctionSeries): SeriesDump {
  const { invocations, durations, starts, startWays, evictions, limits, memory, cpu } = series;
  return {
    ...(invocations.size > 0 && {
      invocations: dumpMap(invocations, (triggers) => dumpMap(triggers, Object.fromEntries)),
    }),
    ...(durations.size > 0 && { durations: dumpMap(durations, dumpHistogram) }),
    ...(starts.size > 0 && {
      starts: dumpMap(starts, (phases) => dumpMap(phases, dumpHistogram)),
    }),
    ...(startWays.size > 0 && { startWays: Object.fromEntries(startWays) }),
    ...(evictions.size > 0 && { evictions: Object.fromEntries(evictions) }),
    ...(limits.size > 0 && { limits: Object.fromEntries(limits) }),
    ...(memory !== undefined && { memory: dumpHistogram(memory) }),
    ...(cpu !== undefined && { cpu: dumpHistogram(cpu) }),
    ...(series.shed > 0 && { shed: series.shed }),
  };
}

/** Finished invocations in a dump. */
export function countInvocations({ invocations = {} }: SeriesDump): number {
  let sum = 0;
  for (const triggers of Object.values(invocations)) {
    for (const outcomes of Object.values(triggers)) {
      for (const count of Object.values(outcomes)) sum += count;
    }
  }
  return sum;
}

function dumpMap<V, D>(map: ReadonlyMap<string, V>, dump: (value: V) => D): Record<string, D> {
  const record: Record<string, D> = {};
  for (const [key, value] of map) record[key] = dump(value);
  return record;
}
