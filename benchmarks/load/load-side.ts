/** Something that is loaded, and what the rounds came to, side by side. */
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { alternate } from '../kit/alternate.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { median, percentile } from '../kit/percentiles.ts';
import type { NamedGap } from '../peers/peer.ts';
import type { LoadOutcome } from './generate-load.ts';
import type { Loader } from './loader.ts';

/** A side of a group: those of one group take turns. */
export interface LoadSide {
  /** Of all sides no other is called so: `isolated`, `isolated:json`. */
  readonly id: string;
  readonly group: string;
  readonly port: number;
  readonly request: Uint8Array;
  /** What it runs on, for people. */
  readonly version: string;
  /** A peer that fails is a named gap; where ours or the baseline fails, nothing is worth knowing. */
  readonly isPeer: boolean;
}

/** How long and how often. */
export interface LoadPlan {
  readonly rounds: number;
  /** Before counting begins, ms. */
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** Measures sides in turns, and drops those peers that do not make it. */
export class Contest {
  /** Who was dropped, and why. */
  readonly gaps: NamedGap[] = [];
  readonly #loader: Pick<Loader, 'ask'>;
  readonly #sides: Set<LoadSide>;

  constructor(loader: Pick<Loader, 'ask'>, sides: readonly LoadSide[]) {
    this.#loader = loader;
    this.#sides = new Set(sides);
  }

  /** Sides that are still measured. */
  get sides(): readonly LoadSide[] {
    return [...this.#sides];
  }

  /** Every connection always waits for an answer: the most a side can do. */
  measureClosed(
    plan: LoadPlan,
    connections: number,
    onRound: (round: number) => void,
  ): Promise<Outcomes<LoadOutcome>> {
    const { warmUpMs, durationMs } = plan;
    return this.#inTurns(this.sides, plan.rounds, onRound, ({ port, request }) =>
      this.#loader.ask({ port, request, connections, warmUpMs, durationMs }),
    );
  }

  /**
   * Requests come at a rate, whether the earlier ones were answered or not.
   *
   * @param rateOf Requests a second for a side; a side without one is left out.
   */
  measureAtRate(
    plan: LoadPlan,
    connections: number,
    rateOf: (side: LoadSide) => number | undefined,
    onRound: (round: number) => void,
  ): Promise<Outcomes<LoadOutcome>> {
    const sides = this.sides.filter((side) => rateOf(side) !== undefined);
    return this.#inTurns(sides, plan.rounds, onRound, (side) => {
      const requestsPerSecond = rateOf(side) ?? Number.NaN;
      const durationMs = Math.min(
        MOST_MS,
        Math.max(plan.durationMs, (LEAST_REQUESTS / requestsPerSecond) * 1000),
      );
      const { port, request } = side;
      const { warmUpMs } = plan;
      return this.#loader.ask({
        port,
        request,
        connections,
        requestsPerSecond,
        warmUpMs,
        durationMs,
      });
    });
  }

  /**
   * One request after the other, to the last byte, ms.
   *
   * @param requests In each round, unless its time is over before.
   */
  measureAlone(
    groups: readonly string[],
    plan: LoadPlan,
    requests: number,
    onRound: (round: number) => void,
  ): Promise<Outcomes<readonly number[]>> {
    const sides = this.sides.filter(({ group }) => groups.includes(group));
    return this.#inTurns(sides, plan.rounds, onRound, async ({ port, request }) => {
      using client = new FirstByteClient(port);
      for (let left = ALONE_WARM_UP; left > 0; left -= 1) await client.measure(request);
      const samples: number[] = [];
      const endMs = performance.now() + plan.durationMs;
      while (samples.length < requests && (samples.length < 2 || performance.now() < endMs)) {
        samples.push((await client.measure(request)).lastByteMs);
      }
      return samples;
    });
  }

  /** Within a round the groups come one after the other, and the sides of each take turns in being the first. */
  async #inTurns<T>(
    sides: readonly LoadSide[],
    rounds: number,
    onRound: (round: number) => void,
    measure: (side: LoadSide) => Promise<T>,
  ): Promise<Outcomes<T>> {
    const outcomes = new Map<string, T[]>();
    const groups = Object.values(Object.groupBy(sides, ({ group }) => group));
    for (let round = 0; round < rounds; round += 1) {
      onRound(round + 1);
      for (const side of groups.flatMap((group) => alternate(group ?? [], rounds)[round] ?? [])) {
        if (!this.#sides.has(side)) continue;
        try {
          const outcome = await measure(side);
          outcomes.set(side.id, [...(outcomes.get(side.id) ?? []), outcome]);
        } catch (error) {
          this.#drop(side, error);
          outcomes.delete(side.id);
        }
      }
    }
    return outcomes;
  }

  #drop(side: LoadSide, error: unknown): void {
    if (!side.isPeer) throw new Error(`Cannot measure "${side.id}"`, { cause: error });
    this.#sides.delete(side);
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    this.gaps.push({ name: side.id, reason });
  }
}

/** What each round came to, by the id of the side. */
export type Outcomes<T> = ReadonlyMap<string, readonly T[]>;

/** Fewer requests at a rate tell nothing, and a side that is slow gets more time for them. */
const LEAST_REQUESTS = 20;
const MOST_MS = 4000;
/** Before samples of one request after the other count: the first one holds the TCP handshake. */
const ALONE_WARM_UP = 5;

/** Median of the rounds; undefined for a side that was not measured. */
export function rateOf(outcomes: Outcomes<LoadOutcome>, id: string): number | undefined {
  const rounds = outcomes.get(id);
  return rounds && median(rounds.map(({ requestsPerSecond }) => requestsPerSecond));
}

/** Requests a second over those of another side, as the median of the rounds' ratios. */
export function ratioOf(
  outcomes: Outcomes<LoadOutcome>,
  id: string,
  baseline: string,
): number | undefined {
  const [ours, theirs] = [outcomes.get(id), outcomes.get(baseline)];
  if (ours === undefined || theirs === undefined) return undefined;
  return median(
    ours.map(
      ({ requestsPerSecond }, round) =>
        requestsPerSecond / (theirs[round]?.requestsPerSecond ?? Number.NaN),
    ),
  );
}

/** The median of the rounds' percentiles, ms: one round in which the machine was busy does not decide. */
export function latencyOf(
  outcomes: Outcomes<LoadOutcome>,
  id: string,
  share: number,
): number | undefined {
  const rounds = outcomes.get(id);
  return (
    rounds &&
    median(
      rounds.map(({ latencies }) => {
        const histogram = new LatencyHistogram();
        histogram.merge(latencies);
        return histogram.percentile(share);
      }),
    )
  );
}

/** The same of samples. */
export function timeOf(
  outcomes: Outcomes<readonly number[]>,
  id: string,
  share: number,
): number | undefined {
  const rounds = outcomes.get(id);
  return rounds && median(rounds.map((samples) => percentile(samples, share)));
}
