/** A supervisor's metrics with workers beside it; what they tell each other goes through JSON, as on a socket. */
import { ClusterMetrics } from '../../host/metrics/cluster-metrics.ts';
import type { DumpRequest } from '../../host/metrics/metrics-dump.ts';
import { WorkerObserver } from '../../host/metrics/worker-observer.ts';
import type { WorkerFeed } from '../../host/metrics/worker-feed.ts';
import { HOST_USE, TestClock } from './scrape.ts';

export interface TestClusterOptions {
  readonly maxFunctions?: number;
  readonly isDeployed?: (name: string) => boolean;
}

/** The supervisor's side, and workers by name. */
export class TestCluster {
  readonly clock = new TestClock();
  readonly metrics: ClusterMetrics;
  /** What was told to `onFailed`. */
  readonly failures: { readonly workerId: string; readonly error: unknown }[] = [];
  readonly workerStates = { starting: 0, ready: 2, draining: 1 };
  quarantined = 0;
  #runs = 0;

  constructor({ maxFunctions = 1000, isDeployed = () => true }: TestClusterOptions = {}) {
    this.metrics = new ClusterMetrics({
      maxFunctions,
      clock: this.clock,
      memoryBytes: 1000,
      isDeployed,
      workers: () => this.workerStates,
      functionsQuarantined: () => this.quarantined,
      onFailed: (workerId, error) => this.failures.push({ workerId, error }),
      launcherResidentBytes: () => 30_000_000,
    });
  }

  createWorker(): WorkerObserver {
    this.#runs += 1;
    return new WorkerObserver({
      run: `run-${process.pid}-${this.#runs}`,
      moduleCacheBytes: () => 4096,
      hostUse: HOST_USE,
    });
  }

  /** Connects a worker. */
  join(workerId: string, worker: WorkerObserver): WorkerFeed {
    return this.metrics.join(workerId, (request) => ask(worker, request));
  }
}

/** One request and its answer, as they come out of a socket. */
export async function ask(worker: WorkerObserver, request: DumpRequest): Promise<unknown> {
  const sent = JSON.parse(JSON.stringify(request)) as DumpRequest;
  return JSON.parse(JSON.stringify(await worker.dump(sent))) as unknown;
}
