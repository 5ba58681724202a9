/** Requests on the workers of a simulated host, and the same on a host of one process, to compare with. */
import { Gate, type Lease, type PlaceGate } from '../../../host/base/gate.ts';
import type { SimClock } from './quota-simulation.ts';

/** One request. */
export interface SimRequest {
  readonly atMs: number;
  readonly worker: number;
  readonly serviceMs: number;
}

/** What came of requests, by worker. */
export class Tally {
  readonly served: number[] = [];
  readonly refused: number[] = [];
  /** Longest wait of one that was served, ms. */
  longestMs = 0;
  running = 0;

  get total(): number {
    return this.served.reduce((sum, count) => sum + count, 0);
  }

  get totalRefused(): number {
    return this.refused.reduce((sum, count) => sum + count, 0);
  }

  count(counts: number[], worker: number): void {
    counts[worker] = (counts[worker] ?? 0) + 1;
  }
}

/** How many there are, and of what kind. */
export interface LoadShape {
  readonly seconds: number;
  readonly perSecond: number;
  /** Part of the requests that each worker gets. */
  readonly shares: readonly number[];
  /** Mean time in service; the times are exponential, or all the same where `isSteady`. */
  readonly serviceMs: number;
}

/** Independent arrivals. */
export function createLoad(shape: LoadShape, random: () => number): readonly SimRequest[] {
  const requests: SimRequest[] = [];
  const endMs = shape.seconds * 1000;
  const exponential = (mean: number): number => -Math.log(1 - random()) * mean;
  for (let atMs = exponential(1000 / shape.perSecond); atMs < endMs;) {
    let pick = random();
    const worker = shape.shares.findIndex((share) => (pick -= share) < 0);
    requests.push({ atMs, worker: Math.max(0, worker), serviceMs: exponential(shape.serviceMs) });
    atMs += exponential(1000 / shape.perSecond);
  }
  return requests;
}

/**
 * Plays requests on gates.
 *
 * @param gateOf Of a worker; undefined if it is not there.
 */
export function play(
  clock: SimClock,
  requests: readonly SimRequest[],
  gateOf: (worker: number) => PlaceGate | undefined,
): Tally {
  const tally = new Tally();
  for (const { atMs, worker, serviceMs } of requests) {
    clock.after(atMs, () => {
      const gate = gateOf(worker);
      if (gate === undefined) return;
      const serve = (lease: Lease | undefined): void => {
        if (lease === undefined) return tally.count(tally.refused, worker);
        tally.longestMs = Math.max(tally.longestMs, clock.monotonicMs() - 1000 - atMs);
        tally.running += 1;
        clock.after(serviceMs, () => {
          tally.running -= 1;
          tally.count(tally.served, worker);
          lease.release();
        });
      };
      const place = gate.take() ?? gate.acquire();
      if (place instanceof Promise) void place.then(serve);
      else serve(place);
    });
  }
  return tally;
}

/** The same on one process. */
export async function playAlone(
  clock: SimClock,
  requests: readonly SimRequest[],
  limits: { concurrency: number; queue: number },
  ms: number,
): Promise<Tally> {
  const gate = new Gate(limits.concurrency, limits.queue);
  const tally = play(clock, requests, () => gate);
  await clock.run(ms);
  return tally;
}
