/**
 * A closed loop: each connection sends its next request as soon as the last one was answered, for a bounded
 * time. Requests under way at the end are waited for and count like the others: left out, the slowest would
 * be missing from the latencies, and a slow side would leave work behind for the next one.
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
  /** Time that counts, ms; what is under way then comes on top. */
  readonly durationMs: number;
}

/** What came of it. */
export interface LoadOutcome {
  /** Answers after the warm-up. */
  readonly requests: number;
  /** Those over the time from the end of the warm-up to the last of them. */
  readonly requestsPerSecond: number;
  /** From sending to the last byte received, of requests sent after the warm-up. */
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
  let requests = 0;
  for (let index = 0; index < count; index += 1) {
    const connection = new LoadConnection(port, {
      answered: (status, times) => {
        if (status !== 200) return reject(new Error(`Cannot load the server: status ${status}`));
        if (times.endMs >= countFromMs) requests += 1;
        if (times.sentMs >= countFromMs) latencies.add(times.endMs - times.sentMs);
        // Every connection sends at least one request whose latency counts.
        if (times.endMs < endMs || times.sentMs < countFromMs) return connection.send(request);
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
  const finishedMs = performance.now();
  const cpu = process.cpuUsage(cpuBefore);
  return {
    requests,
    requestsPerSecond: requests / ((finishedMs - countFromMs) / 1000),
    latencies: latencies.toJSON(),
    loaderCpu: (cpu.user + cpu.system) / 1000 / (finishedMs - startMs),
  };
}
