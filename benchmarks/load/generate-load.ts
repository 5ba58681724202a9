/**
 * Loads a server on this machine with the loader of `faas bench`, and takes nothing but answers with status 200: what
 * fails is answered fast, and would make a side look good.
 */
import type { HistogramJson } from '../../cli/bench/latency-histogram.ts';
import { LoadRun, type RunOutcome } from '../../cli/bench/load-run.ts';

/** What to load, and how. */
export interface LoadOrder {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Bytes of the request. */
  readonly request: Uint8Array;
  /** Connections; at a fixed rate, a request waits for a free one. */
  readonly connections: number;
  /** An open loop: requests are sent at this rate, whether the others were answered or not. Absent: a closed loop. */
  readonly requestsPerSecond?: number;
  /** Time before counting begins, ms. */
  readonly warmUpMs: number;
  /** Time that counts, ms; what is under way then comes on top. */
  readonly durationMs: number;
  /** Counts what is no answer with status 200, where the rest would end with an error: for what is to fail, or may. */
  readonly mayFail?: boolean;
}

/** What came of it. */
export interface LoadOutcome {
  /** Answers after the warm-up. */
  readonly requests: number;
  /** Those over the time from the end of the warm-up to the last of them. */
  readonly requestsPerSecond: number;
  /** Of requests sent after the warm-up, to the last byte received; at a fixed rate from when each was to be sent. */
  readonly latencies: HistogramJson;
  /** Share of one core that the loader took: near 1, it is the loader that was measured. */
  readonly loaderCpu: number;
  /** The longest of the latencies, ms. */
  readonly mostMs: number;
  /** What was no success, by status and code; empty unless the order may fail. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Whatever is asked for ends within minutes. */
const MAX_DURATION_MS = 120_000;

/**
 * Loads a server on this machine.
 *
 * @throws {Error} If a connection fails, an answer is not a 200, or the server is so far behind that it does not
 *   answer within 35 s of the end.
 */
export async function generateLoad({ port, ...order }: LoadOrder): Promise<LoadOutcome> {
  const run = new LoadRun({
    ...order,
    target: { host: '127.0.0.1', port },
    durationMs: Math.min(order.durationMs, MAX_DURATION_MS),
  });
  const broken = Promise.withResolvers<never>();
  if (order.mayFail !== true) {
    run.onTrouble = (what) => broken.reject(new Error(`Cannot load the server: ${what}`));
  }
  try {
    const outcome = await Promise.race([run.run(), broken.promise]);
    const { unanswered } = outcome;
    if (order.mayFail === true) {
      return pick(outcome, { ...outcome.errors, ...(unanswered > 0 ? { unanswered } : {}) });
    }
    const strange = Object.keys(outcome.statuses).find((status) => status !== '200');
    if (strange !== undefined) throw new Error(`Cannot load the server: status ${strange}`);
    if (unanswered > 0) throw new Error('Cannot load the server: no answer');
    return pick(outcome, {});
  } finally {
    run.close();
  }
}

function pick(outcome: RunOutcome, errors: LoadOutcome['errors']): LoadOutcome {
  const { requests, requestsPerSecond, latencies, loaderCpu, mostMs } = outcome;
  return { requests, requestsPerSecond, latencies, loaderCpu, mostMs, errors };
}
