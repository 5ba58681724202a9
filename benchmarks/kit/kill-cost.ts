/**
 * How much CPU time a guest gets that burns it for ever: each place where it can burn, so many times in a row,
 * over HTTP on a real host. What counts is the CPU time of the host's thread around the whole request, not what the
 * host says it charged.
 */
import { burn, BURN_ENVIRONMENT, type BurnPlace } from '../../tests/guests/burn.ts';
import type { BenchHost } from './bench-host.ts';
import type { CodedClient } from './coded-client.ts';
import { formatNumber } from './output-lines.ts';
import { percentile } from './percentiles.ts';
import type { Figure } from './suite.ts';
import type { Table } from './table.ts';

/** Limit of CPU time that the guests have, ms. */
export const KILL_LIMIT_MS = 50;

/** Places that have the whole limit, and those under a JavaScript frame, which have a budget of their own. */
const PLACES = ['tight-loop', 'recursion', 'catch-all', 'start', 'post-return'] as const;
const NESTED_PLACES = ['realloc', 'realloc-recursion', 'realloc-catch-all'] as const;

/** Requests before what is counted: the first one of a module has an allowance on top. */
const WARM_UP = 3;

/** Requests that are made for each that counts, at most: one in which V8 collects garbage is made again. */
const MAX_TRIES = 4;

/** What was found. */
export interface KillCost {
  readonly figures: readonly Figure[];
  readonly table: Table;
  readonly raw: object;
}

/**
 * Measures.
 *
 * @param times How often in a row each guest is stopped.
 * @throws {Error} If one is answered with anything else than 504 and `cpu_limit`.
 */
export async function measureKills(
  host: BenchHost,
  client: CodedClient,
  times: number,
  progress: (line: string) => void,
): Promise<KillCost> {
  const samples = new Map<BurnPlace, readonly number[]>();
  for (const place of [...PLACES, ...NESTED_PLACES]) {
    progress(`  stop a guest ${times} times: ${place}`);
    samples.set(place, await stopMany(host, client, place, times));
  }
  const all = PLACES.flatMap((place) => samples.get(place) ?? []);
  const nested = NESTED_PLACES.flatMap((place) => samples.get(place) ?? []);
  const ms = (name: string, value: number): Figure => ({ name, value, unit: 'ms' });
  return {
    figures: [
      ms('kill-cpu-min', Math.min(...all)),
      ms('kill-cpu-p50', percentile(all, 0.5)),
      ms('kill-cpu-p99', percentile(all, 0.99)),
      ms('kill-cpu-max', Math.max(...all)),
      ...PLACES.map((place) =>
        ms(`kill-cpu-max:${place}`, Math.max(...(samples.get(place) ?? []))),
      ),
      ms('kill-nested-cpu-p50', percentile(nested, 0.5)),
      ms('kill-nested-cpu-max', Math.max(...nested)),
    ],
    table: describe(samples, times),
    raw: Object.fromEntries(samples),
  };
}

async function stopMany(
  host: BenchHost,
  client: CodedClient,
  place: BurnPlace,
  times: number,
): Promise<readonly number[]> {
  const name = `burn-${place}`;
  await host.deployBytes(name, await burn(place), {
    // One at a time: instances that the host makes ahead of requests would burn in their start function as well.
    limits: { cpuMs: KILL_LIMIT_MS, timeoutMs: 10_000, concurrency: 1 },
    instances: { max: 1 },
    environment: BURN_ENVIRONMENT,
  });
  for (let left = WARM_UP; left > 0; left -= 1) await client.get(name);
  const samples: number[] = [];
  for (let left = times * MAX_TRIES; samples.length < times; left -= 1) {
    if (left === 0) throw new Error(`Cannot stop a guest in ${place} without a collection`);
    const collectedMs = await host.collectionMs();
    const before = await host.threadMs();
    const { status, code } = await client.get(name);
    const cost = (await host.threadMs()) - before;
    if (status !== 504 || code !== 'cpu_limit') {
      throw new Error(`Cannot stop a guest in ${place}: it was answered with ${status} ${code}`);
    }
    // It collected what all requests before have left; for how much CPU time, nobody says.
    if ((await host.collectionMs()) === collectedMs) samples.push(cost);
  }
  return samples;
}

function describe(samples: ReadonlyMap<BurnPlace, readonly number[]>, times: number): Table {
  return {
    title: `CPU time of the host's thread for a guest that burns it and has ${KILL_LIMIT_MS} ms`,
    head: ['where, ms', 'min', 'p50', 'p99', 'max'],
    rows: [...samples].map(([place, values]) => {
      const percentiles = [0.5, 0.99].map((share) => percentile(values, share));
      const numbers = [Math.min(...values), ...percentiles, Math.max(...values)];
      const cells: string[] = [place];
      return cells.concat(numbers.map(formatNumber));
    }),
    remarks: [
      `${times} requests in a row each, every one answered with 504 cpu_limit. The whole request counts, with HTTP, start and clean-up; requests in which V8 collected garbage were made again. Guest code that the host calls for memory (realloc) has 5 ms of its own.`,
    ],
  };
}
