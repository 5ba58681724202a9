/**
 * An open loop: requests are sent at a fixed rate, whether the earlier ones were answered or not. A latency counts
 * from when its request was to be sent: what waits because the server or the loader is behind is in it.
 *
 * Timers are exact to a millisecond, which is longer than most answers take; so between requests the loop turns
 * without sleeping, and the loader takes a whole core.
 */
import { LatencyHistogram } from '../kit/latency-histogram.ts';
import type { LoadOutcome } from './generate-load.ts';
import { LoadConnection } from './load-connection.ts';

/** What to load, and how. */
export interface RateOrder {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Bytes of the request. */
  readonly request: Uint8Array;
  /** Connections; a request waits for a free one. */
  readonly connections: number;
  readonly requestsPerSecond: number;
  /** Time before counting begins, ms. */
  readonly warmUpMs: number;
  /** Time that counts, ms; what is under way then comes on top. */
  readonly durationMs: number;
}

/** How long answers may take once nothing more is sent, ms. */
const DRAIN_MS = 35_000;
const MAX_DURATION_MS = 120_000;

/**
 * Loads a server on this machine.
 *
 * @throws {Error} If a connection fails, an answer is not a 200, or the server is so far behind that it
 *   does not answer within 35 s of the end.
 */
export async function generateRate(order: RateOrder): Promise<LoadOutcome> {
  const { port, request, warmUpMs } = order;
  const perMs = order.requestsPerSecond / 1000;
  const durationMs = Math.min(order.durationMs, MAX_DURATION_MS);
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  const latencies = new LatencyHistogram();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const total = Math.floor((warmUpMs + durationMs) * perMs);
  const firstCounted = Math.floor(warmUpMs * perMs);
  const free: Lane[] = [];
  const connections: LoadConnection[] = [];
  let sent = 0;
  let answered = 0;
  for (let index = 0; index < order.connections; index += 1) {
    const lane: Lane = { number: 0, connection: undefined };
    lane.connection = new LoadConnection(port, {
      answered: (status, { endMs }) => {
        if (status !== 200) return reject(new Error(`Cannot load the server: status ${status}`));
        if (lane.number >= firstCounted) latencies.add(endMs - startMs - lane.number / perMs);
        answered += 1;
        free.push(lane);
        if (answered === total) resolve();
      },
      failed: (error) => reject(new Error(`Cannot load the server: ${error.message}`)),
    });
    connections.push(lane.connection);
    free.push(lane);
  }
  let isOver = false;
  const turn = (): void => {
    const due = Math.min(total, Math.floor((performance.now() - startMs) * perMs) + 1);
    while (sent < due) {
      const lane = free.pop();
      if (lane === undefined) break;
      lane.number = sent;
      sent += 1;
      lane.connection?.send(request);
    }
    if (!isOver && sent < total) setImmediate(turn);
  };
  turn();
  const limitMs = warmUpMs + durationMs + DRAIN_MS;
  const timer = setTimeout(() => reject(new Error('Cannot load the server: no answer')), limitMs);
  try {
    await finished;
  } finally {
    isOver = true;
    clearTimeout(timer);
    for (const connection of connections) connection.close();
  }
  const tookMs = performance.now() - startMs;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    requests: latencies.total,
    requestsPerSecond: total / (tookMs / 1000),
    latencies: latencies.toJSON(),
    loaderCpu: (cpu.user + cpu.system) / 1000 / tookMs,
  };
}

/** A connection, and which request it carries. */
interface Lane {
  number: number;
  connection: LoadConnection | undefined;
}
