/** The metrics that have a label `function`, as text: one piece for each metric and function. */
import { writeHeader, writeHistogram, writeLabels, writeSample } from './exposition.ts';
import type { FunctionGauges, FunctionRanking, FunctionTally } from './function-ranking.ts';
import type { FunctionSeries } from './function-series.ts';
import type { MetricName } from './metric-names.ts';

/** Writes what one function has of one metric. */
type SeriesWriter = (series: FunctionSeries) => string;

/** Counters and histograms. */
const SERIES_WRITERS: readonly (readonly [MetricName, SeriesWriter])[] = [
  ['faas_invocations_total', writeInvocations],
  ['faas_invocation_duration_seconds', writeDurations],
  ['faas_start_seconds', writeStarts],
  ['faas_instance_starts_total', writeStartWays],
  ['faas_instance_evictions_total', writeEvictions],
  ['faas_guest_memory_bytes', writeMemory],
  ['faas_cpu_seconds_total', writeCpuTotal],
  ['faas_invocation_cpu_seconds', writeCpu],
  ['faas_limit_exceeded_total', writeLimits],
  ['faas_shed_total', writeShed],
];

/** Gives the text piece by piece; the caller may do other things in between. */
export function* writeFunctionMetrics(ranking: FunctionRanking): Generator<string> {
  // Fixed for one scrape: places may change hands at the next one only, but functions come and go.
  const placed = [...ranking.placed];
  for (const [metric, write] of SERIES_WRITERS) {
    yield writeHeader(metric);
    for (const { series } of placed) yield write(series);
    yield write(ranking.other);
  }
  yield* writeGauges(placed, ranking);
}

/** The gauges of functions without a place are added up. */
function* writeGauges(
  placed: readonly FunctionTally[],
  ranking: FunctionRanking,
): Generator<string> {
  const others: FunctionGauges = { running: 0, idle: 0, warm: 0, wanted: 0, queued: 0 };
  const own = new Set(placed);
  for (const tally of ranking.all()) {
    if (own.has(tally)) continue;
    others.running += tally.running;
    others.idle += tally.idle;
    others.warm += tally.warm;
    others.wanted += tally.wanted;
    others.queued += tally.queued;
  }
  yield writeHeader('faas_instances');
  for (const tally of placed) yield writeInstances(tally.name, tally);
  yield writeInstances('other', others);
  yield writeHeader('faas_instances_wanted');
  for (const tally of placed) yield writeWanted(tally.name, tally);
  yield writeWanted('other', others);
  yield writeHeader('faas_queue_depth');
  for (const tally of placed) yield writeQueue(tally.name, tally);
  yield writeQueue('other', others);
}

function writeInstances(name: string, { running, idle, warm }: FunctionGauges): string {
  return (
    writeSample('faas_instances', writeLabels({ function: name, state: 'running' }), running) +
    writeSample('faas_instances', writeLabels({ function: name, state: 'idle' }), idle) +
    writeSample('faas_instances', writeLabels({ function: name, state: 'warm' }), warm)
  );
}

function writeWanted(name: string, { wanted }: FunctionGauges): string {
  return writeSample('faas_instances_wanted', writeLabels({ function: name }), wanted);
}

function writeQueue(name: string, { queued }: FunctionGauges): string {
  return writeSample('faas_queue_depth', writeLabels({ function: name }), queued);
}

function writeInvocations(series: FunctionSeries): string {
  let text = '';
  for (const [version, triggers] of series.invocations) {
    for (const [trigger, outcomes] of triggers) {
      for (const [outcome, count] of outcomes) {
        const labels = writeLabels({ function: series.name, version, trigger, outcome });
        text += writeSample('faas_invocations_total', labels, count);
      }
    }
  }
  return text;
}

function writeDurations(series: FunctionSeries): string {
  let text = '';
  for (const [start, histogram] of series.durations) {
    const labels = writeLabels({ function: series.name, start });
    text += writeHistogram('faas_invocation_duration_seconds', labels, histogram);
  }
  return text;
}

function writeStarts(series: FunctionSeries): string {
  let text = '';
  for (const [start, phases] of series.starts) {
    for (const [phase, histogram] of phases) {
      const labels = writeLabels({ function: series.name, start, phase });
      text += writeHistogram('faas_start_seconds', labels, histogram);
    }
  }
  return text;
}

function writeStartWays({ name, startWays }: FunctionSeries): string {
  let text = '';
  for (const [way, count] of startWays) {
    text += writeSample('faas_instance_starts_total', writeLabels({ function: name, way }), count);
  }
  return text;
}

function writeEvictions({ name, evictions }: FunctionSeries): string {
  let text = '';
  for (const [reason, count] of evictions) {
    const labels = writeLabels({ function: name, reason });
    text += writeSample('faas_instance_evictions_total', labels, count);
  }
  return text;
}

function writeMemory({ name, memory }: FunctionSeries): string {
  if (memory === undefined) return '';
  return writeHistogram('faas_guest_memory_bytes', writeLabels({ function: name }), memory);
}

function writeCpuTotal({ name, cpu }: FunctionSeries): string {
  if (cpu === undefined) return '';
  return writeSample('faas_cpu_seconds_total', writeLabels({ function: name }), cpu.sum);
}

function writeCpu({ name, cpu }: FunctionSeries): string {
  if (cpu === undefined) return '';
  return writeHistogram('faas_invocation_cpu_seconds', writeLabels({ function: name }), cpu);
}

function writeLimits({ name, limits }: FunctionSeries): string {
  let text = '';
  for (const [limit, count] of limits) {
    text += writeSample('faas_limit_exceeded_total', writeLabels({ function: name, limit }), count);
  }
  return text;
}

function writeShed({ name, shed }: FunctionSeries): string {
  return shed === 0 ? '' : writeSample('faas_shed_total', writeLabels({ function: name }), shed);
}
