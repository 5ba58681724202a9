/**
 * A closed loop: each connection sends its next request as soon as the last one was answered, for a bounded
 * time. Requests of the warm-up do not count; those under way at the end are waited for, so that one
 * side leaves nothing behind for the next.
 */
import { LatencyHistogram, type HistogramJson } from '../kit/latency-histogram.ts';
import { LoadConnection } from './load-connection.ts';

/** What to load, and how. */
export interface LoadOrder {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Bytes of the request. */
  readonly request: Uint8Array;
  readonly connections: number;
  /** Time before counting begins, ms. */
  readonly warmUpMs: number;
  /** Time that counts, ms. */
  readonly durationMs: number;
}

/** What came of it. */
export interface LoadOutcome {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** From the first byte sent to the last received. */
  readonly latencies: HistogramJson;
  /** Share of one core that the loader took: near 1, it is the loader that was measured. */
  readonly loaderCpu: number;
}

/** How long answers may take once nothing more is asked, ms. */
const DRAIN_MS = 35_000;
const MAX_DURATION_MS = 120_000;

/**
 * Loads a server on this machine.
 *
 * @throws {Error} If a connection fails or an answer is not a 200: what fails is answered fast.
 */
export async function generateLoad(order: LoadOrder): Promise<LoadOutcome> {
  const { port, request, connections: count, warmUpMs } = order;
  const durationMs = Math.min(order.durationMs, MAX_DURATION_MS);
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  const latencies = new LatencyHistogram();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const countFromMs = startMs + warmUpMs;
  const endMs = countFromMs + durationMs;
  const connections: LoadConnection[] = [];
  let busy = count;
  for (let index = 0; index < count; index += 1) {
    const connection = new LoadConnection(port, {
      answered: (status, times) => {
        if (status !== 200) return reject(new Error(`Cannot load the server: status ${status}`));
        const inTime = times.endMs < endMs;
        if (inTime && times.endMs >= countFromMs) latencies.add(times.endMs - times.sentMs);
        if (inTime) return connection.send(request);
        busy -= 1;
        if (busy === 0) resolve();
      },
      failed: (error) => reject(new Error(`Cannot load the server: ${error.message}`)),
    });
    connections.push(connection);
    connection.send(request);
  }
  const limitMs = warmUpMs + durationMs + DRAIN_MS;
  const timer = setTimeout(() => reject(new Error('Cannot load the server: no answer')), limitMs);
  try {
    await finished;
  } finally {
    clearTimeout(timer);
    for (const connection of connections) connection.close();
  }
  const cpu = process.cpuUsage(cpuBefore);
  return {
    requests: latencies.total,
    requestsPerSecond: latencies.total / (durationMs / 1000),
    latencies: latencies.toJSON(),
    loaderCpu: (cpu.user + cpu.system) / 1000 / (performance.now() - startMs),
  };
}
