/** Whether what a worker counted for one function is what can be counted. Why it is looked at: see `check-dump.ts`. */
import { checkCount, checkKeys, recordOf, refuse } from './dump-rules.ts';
import { OTHER } from './function-series.ts';
import { DURATION_BUCKETS, MEMORY_BUCKETS } from './histogram.ts';
import {
  EVICTION_REASONS,
  INVOCATION_STARTS,
  OUTCOMES,
  START_KINDS,
  START_PHASES,
  START_WAYS,
  TRIGGERS,
} from './label-values.ts';

const KEYS = [
  'invocations',
  'durations',
  'starts',
  'startWays',
  'evictions',
  'limits',
  'memory',
  'cpu',
  'shed',
];
const VERSION = /^[1-9]\d{0,9}$/;
const LIMIT = /^[a-z][a-z_]{0,31}$/;
/** Versions of one function in one page; more than a worker serves in the time between two. */
const MOST_VERSIONS = 16;
/** Names of limits of one function. */
const MOST_LIMITS = 32;
/** Longest sum of what was observed between two pages; sums of sums stay finite. */
const MOST_SUM = 1e18;

type Allows = (key: string) => boolean;
type Check = (value: unknown) => void;

/**
 * Checks the counts of a function.
 *
 * @throws {RangeError} That says what is wrong with them.
 */
export function checkSeries(value: unknown, functionName: string): void {
  const counts = recordOf(value, 'counts');
  checkKeys(counts, [], KEYS, 'counts');
  const isVersion: Allows = (key) => VERSION.test(key) || (key === OTHER && functionName === OTHER);
  const { invocations, durations, starts, startWays, evictions, limits, memory, cpu, shed } =
    counts;
  each(invocations, 'invocations', isVersion, MOST_VERSIONS, (triggers) =>
    each(triggers, 'trigger', has(TRIGGERS), TRIGGERS.size, (outcomes) =>
      each(outcomes, 'outcome', has(OUTCOMES), OUTCOMES.size, count('outcome')),
    ),
  );
  each(durations, 'durations', has(INVOCATION_STARTS), INVOCATION_STARTS.size, duration);
  each(starts, 'starts', has(START_KINDS), START_KINDS.size, (phases) =>
    each(phases, 'phase', has(START_PHASES), START_PHASES.size, duration),
  );
  each(startWays, 'startWays', has(START_WAYS), START_WAYS.size, count('startWays'));
  each(evictions, 'evictions', has(EVICTION_REASONS), EVICTION_REASONS.size, count('evictions'));
  each(limits, 'limits', (key) => LIMIT.test(key), MOST_LIMITS, count('limits'));
  if (memory !== undefined) checkHistogram(memory, MEMORY_BUCKETS.length);
  if (cpu !== undefined) checkHistogram(cpu, DURATION_BUCKETS.length);
  if (shed !== undefined) checkCount(shed, 'shed');
}

/** A part that is absent was not counted. */
function each(value: unknown, what: string, allows: Allows, most: number, check: Check): void {
  if (value === undefined) return;
  const entries = Object.entries(recordOf(value, what));
  if (entries.length > most) refuse(what, 'it has too many values');
  for (const [key, entry] of entries) {
    if (!allows(key)) refuse(what, 'it has a value that there is not');
    check(entry);
  }
}

function has(set: ReadonlySet<string>): Allows {
  return (key) => set.has(key);
}

function count(what: string): Check {
  return (value) => checkCount(value, what);
}

function duration(value: unknown): void {
  checkHistogram(value, DURATION_BUCKETS.length);
}

/** @param above Number of the bucket above all bounds. */
function checkHistogram(value: unknown, above: number): void {
  const what = 'a histogram';
  if (!Array.isArray(value) || value.length % 2 === 0) refuse(what, 'it is no list of pairs');
  const [sum, ...pairs] = value as readonly unknown[];
  if (typeof sum !== 'number' || !(sum >= 0 && sum <= MOST_SUM)) refuse(what, 'its sum is none');
  let last = -1;
  for (let at = 0; at < pairs.length; at += 2) {
    const bucket = pairs[at];
    if (!Number.isInteger(bucket) || (bucket as number) <= last || (bucket as number) > above)
      refuse(what, 'it has a bucket that there is not');
    last = bucket as number;
    checkCount(pairs[at + 1], what);
  }
}
