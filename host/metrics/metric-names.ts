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
});

/** Name of a metric of ours. */
export type MetricName = keyof typeof METRICS;
