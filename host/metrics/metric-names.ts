/** Every metric of ours: name, type, labels, meaning. `docs/metrics.md` is held to this table by a test. */

/** What Prometheus is told about a metric. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

const define = <T extends Readonly<Record<string, MetricDefinition>>>(table: T): T => table;

/** Name → definition. */
export const METRICS = define({
  faas_invocations_total: {
    type: 'counter',
    labels: ['function', 'version', 'trigger', 'outcome'],
    help: 'Finished invocations by how they ended',
  },
  faas_invocation_duration_seconds: {
    type: 'histogram',
    labels: ['function', 'start'],
    help: 'Time of an invocation, from request to end',
  },
  faas_start_seconds: {
    type: 'histogram',
    labels: ['function', 'start', 'phase'],
    help: 'Time to a running instance, in all and by phase',
  },
  faas_instances: {
    type: 'gauge',
    labels: ['function', 'state'],
    help: 'Live instances',
  },
  faas_instances_wanted: {
    type: 'gauge',
    labels: ['function'],
    help: 'Instances that should be there, from how the function was used lately',
  },
  faas_instance_starts_total: {
    type: 'counter',
    labels: ['function', 'way'],
    help: 'Invocations that got an instance, by where it came from',
  },
  faas_instance_evictions_total: {
    type: 'counter',
    labels: ['function', 'reason'],
    help: 'Instances that were closed, by reason',
  },
  faas_instances_per_gib: {
    type: 'gauge',
    labels: [],
    help: 'Density: live instances over the resident memory added since the host started',
  },
  faas_guest_memory_bytes: {
    type: 'histogram',
    labels: ['function'],
    help: 'Peak linear memory of an invocation',
  },
  faas_cpu_seconds_total: {
    type: 'counter',
    labels: ['function'],
    help: 'CPU time of finished invocations',
  },
  faas_invocation_cpu_seconds: {
    type: 'histogram',
    labels: ['function'],
    help: 'CPU time of an invocation',
  },
  faas_host_memory_used_bytes: {
    type: 'gauge',
    labels: [],
    help: 'Memory and tables of all instances',
  },
  faas_host_memory_limit_bytes: {
    type: 'gauge',
    labels: [],
    help: 'What all instances may take together',
  },
  faas_host_mappings_used: {
    type: 'gauge',
    labels: [],
    help: 'Memory mappings of all instances, as the host counts them',
  },
  faas_host_mappings_limit: {
    type: 'gauge',
    labels: [],
    help: 'Memory mappings that all instances may take together',
  },
  faas_module_cache_hits_total: {
    type: 'counter',
    labels: [],
    help: 'Modules found in the module cache',
  },
  faas_module_cache_misses_total: {
    type: 'counter',
    labels: [],
    help: 'Modules that had to be read and compiled',
  },
  faas_module_cache_evictions_total: {
    type: 'counter',
    labels: [],
    help: 'Modules that left the cache for others',
  },
  faas_module_cache_bytes: {
    type: 'gauge',
    labels: [],
    help: 'Code in the module cache',
  },
  faas_limit_exceeded_total: {
    type: 'counter',
    labels: ['function', 'limit'],
    help: 'Invocations that met a limit, by limit',
  },
  faas_queue_depth: {
    type: 'gauge',
    labels: ['function'],
    help: 'Requests that wait for a place',
  },
  faas_shed_total: {
    type: 'counter',
    labels: ['function'],
    help: 'Requests refused because the queue was full',
  },
  faas_deploys_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Deployments by result',
  },
  faas_artifact_damage_total: {
    type: 'counter',
    labels: ['event'],
    help: 'Stored bytes found damaged, by what became of it',
  },
  faas_artifacts_quarantined: {
    type: 'gauge',
    labels: [],
    help: 'Artifacts and snapshot files whose stored bytes cannot be used',
  },
  faas_functions_quarantined: {
    type: 'gauge',
    labels: [],
    help: 'Functions that are not run because they stopped workers too often',
  },
  faas_workers: {
    type: 'gauge',
    labels: ['state'],
    help: 'Processes that serve functions',
  },
  faas_worker_restarts_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Workers that were replaced, by reason',
  },
});

/** Name of a metric of ours. */
export type MetricName = keyof typeof METRICS;
