/** The metrics of ours that have no label `function`, as text: one piece for each. */
import { writeHeader, writeLabels, writeSample } from './exposition.ts';
import type { Figures } from './figures.ts';
import type { MetricName } from './metric-names.ts';

const GIB = 2 ** 30;

/** Gives the text piece by piece. */
export function* writeHostMetrics(figures: Figures): Generator<string> {
  const { sources, cacheEvents, damage } = figures;
  const { usedBytes, limitBytes, usedMappings, limitMappings } = sources.hostUse;
  yield write('faas_module_cache_hits_total', cacheEvents.hit);
  yield write('faas_module_cache_misses_total', cacheEvents.miss);
  yield write('faas_module_cache_evictions_total', cacheEvents.eviction);
  yield write('faas_module_cache_bytes', sources.moduleCacheBytes());
  yield write('faas_host_memory_used_bytes', usedBytes);
  yield write('faas_host_memory_limit_bytes', limitBytes);
  yield write('faas_host_mappings_used', usedMappings);
  yield write('faas_host_mappings_limit', limitMappings);
  yield write('faas_instances_per_gib', densityOf(figures));
  yield writeEach('faas_deploys_total', 'result', figures.deploys);
  // These stand there before the first time, because a rate needs a value from then.
  yield writeEach('faas_artifact_damage_total', 'event', Object.entries(damage));
  yield write('faas_artifacts_quarantined', damage.quarantined - damage.lifted);
  yield write('faas_functions_quarantined', sources.functionsQuarantined());
  yield writeEach('faas_workers', 'state', Object.entries(sources.workers()));
  yield writeEach('faas_worker_restarts_total', 'reason', Object.entries(figures.restarts));
}

function write(name: MetricName, value: number): string {
  return writeHeader(name) + writeSample(name, '', value);
}

function writeEach(
  name: MetricName,
  label: string,
  values: Iterable<readonly [string, number]>,
): string {
  const samples = [...values].map(([value, count]) =>
    writeSample(name, writeLabels({ [label]: value }), count),
  );
  return writeHeader(name) + samples.join('');
}

/** Live instances for each GiB of resident memory that came since the start. */
function densityOf({ sources, liveInstances }: Figures): number {
  const addedBytes = sources.addedBytes();
  return addedBytes <= 0 ? 0 : (liveInstances * GIB) / addedBytes;
}
