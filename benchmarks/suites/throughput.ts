/**
 * Requests a second and latencies at fixed rates: hello, a JSON document, a 64 KB body and a millisecond of CPU time, by ours
 * (isolated and reused instances, both engines), plain Fastify and the peers; hello in JavaScript, Go and Python; commands.
 *
 * Sides alternate, round by round. A ratio is made of two sides of one round, and the median of the
 * rounds stands for it: a neighbour that takes half the machine for a minute halves both.
 */
import type { Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import { Contest, rateOf, type LoadPlan, type LoadSide } from '../load/load-side.ts';
import { openLoader } from '../load/loader.ts';
import { describe, listFigures, listRatios, type Measured } from '../load/throughput-report.ts';
import { GROUPS, openSides, type GroupName } from '../load/throughput-sides.ts';

interface Plan {
  /** Before everything, not counted: code is compiled and optimised by then. */
  readonly warmUp: LoadPlan;
  readonly closed: LoadPlan;
  readonly atRate: LoadPlan;
  readonly alone: LoadPlan;
  /** Requests one after the other in each round. */
  readonly aloneRequests: number;
}

const QUICK: Plan = {
  warmUp: { rounds: 1, warmUpMs: 0, durationMs: 150 },
  closed: { rounds: 2, warmUpMs: 30, durationMs: 170 },
  atRate: { rounds: 1, warmUpMs: 50, durationMs: 200 },
  alone: { rounds: 1, warmUpMs: 0, durationMs: 150 },
  aloneRequests: 60,
};
const FULL: Plan = {
  warmUp: { rounds: 1, warmUpMs: 0, durationMs: 500 },
  closed: { rounds: 5, warmUpMs: 150, durationMs: 700 },
  // While the others had their turns, a side was idle for longer than a host keeps what it does not use.
  atRate: { rounds: 3, warmUpMs: 1000, durationMs: 900 },
  alone: { rounds: 3, warmUpMs: 0, durationMs: 600 },
  aloneRequests: 1000,
};
const CONNECTIONS = 32;
/** An open loop needs a free connection for each request that waits. */
const RATE_CONNECTIONS = 128;
/** Shares of what a side can do, and how their figures are called. All sides are measured at the first. */
const RATES = [
  ['half-load', 0.5],
  ['quarter-load', 0.25],
  ['three-quarter-load', 0.75],
] as const;
/** Sides that are measured at every rate, in full runs. */
const AT_ALL_RATES: ReadonlySet<string> = new Set(['fastify', 'isolated', 'reuse', 'workerd']);

/** The suite `throughput`. */
export const throughputSuite: Suite = {
  name: 'throughput',
  description: 'requests a second and latencies at fixed rates, beside Fastify and peers',
  run: runThroughput,
};

async function runThroughput(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const base = options.quick ? QUICK : FULL;
  const rounds = options.samples ?? base.closed.rounds;
  const plan = { ...base, closed: { ...base.closed, rounds } };
  await using stack = new AsyncDisposableStack();
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  progress('  starting everybody');
  const groups = chooseGroups(options);
  const opened = await openSides(stack, { groups, quick: options.quick });
  const contest = new Contest(loader, opened.sides);
  const measured = await measure(contest, plan, options.quick, progress);
  const all: Measured = { ...measured, gaps: [...opened.gaps, ...contest.gaps] };
  return {
    suite: 'throughput',
    startedAt,
    ratios: listRatios(all),
    figures: listFigures(all),
    tables: describe(all),
    raw: {
      plan,
      connections: { closed: CONNECTIONS, atRate: RATE_CONNECTIONS },
      gaps: all.gaps,
      versions: Object.fromEntries(all.sides.map(({ id, version }) => [id, version])),
      closed: Object.fromEntries(all.closed),
      atRate: Object.fromEntries(
        [...all.atRate].map(([label, outcomes]) => [label, Object.fromEntries(outcomes)]),
      ),
      alone: Object.fromEntries(all.alone),
    },
  };
}

async function measure(
  contest: Contest,
  { warmUp, closed: closedPlan, atRate: ratePlan, alone: alonePlan, aloneRequests }: Plan,
  quick: boolean,
  progress: (line: string) => void,
): Promise<Omit<Measured, 'gaps'>> {
  const tell = (what: string, rounds: number) => (round: number) =>
    progress(`  ${what}, round ${round} of ${rounds}`);
  const all = contest.sides;
  await contest.measureClosed(warmUp, CONNECTIONS, tell('warming up', warmUp.rounds));
  const onClosed = tell('full load', closedPlan.rounds);
  const closed = await contest.measureClosed(closedPlan, CONNECTIONS, onClosed);
  const atRate = new Map<string, Awaited<ReturnType<Contest['measureAtRate']>>>();
  for (const [label, share] of quick ? RATES.slice(0, 1) : RATES) {
    const rateFor = ({ id }: LoadSide): number | undefined => {
      const most = rateOf(closed, id);
      const isAsked = label === RATES[0][0] || AT_ALL_RATES.has(id);
      return most === undefined || !isAsked ? undefined : most * share;
    };
    const onRound = tell(label, ratePlan.rounds);
    atRate.set(label, await contest.measureAtRate(ratePlan, RATE_CONNECTIONS, rateFor, onRound));
  }
  const onAlone = tell('one request after the other', alonePlan.rounds);
  const groups = ['hello', 'languages'];
  const alone = await contest.measureAlone(groups, alonePlan, aloneRequests, onAlone);
  return {
    // A peer that failed later is a gap, and what it did before counts.
    sides: all.filter(({ id }) => closed.has(id)),
    rounds: closedPlan.rounds,
    rateRounds: ratePlan.rounds,
    connections: CONNECTIONS,
    closed,
    atRate,
    alone,
  };
}

/** Those that were asked for by name; commands tell little in a few rounds. */
function chooseGroups({ only, quick }: SuiteOptions): readonly GroupName[] {
  const stranger = only?.find((name) => !GROUPS.some((group) => group === name));
  if (stranger !== undefined) {
    throw new Error(`Cannot measure "${stranger}": it is not one of ${GROUPS.join(', ')}`);
  }
  if (only !== undefined) return GROUPS.filter((group) => only.includes(group));
  return quick ? GROUPS.filter((group) => group !== 'commands') : GROUPS;
}
