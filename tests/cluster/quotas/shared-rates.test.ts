import t, { type Test } from 'tap';
import { functionKeyOf } from '../../../host/limits/quotas/quota-keys.ts';
import type { SharedRate } from '../../../host/limits/quotas/shared-rate.ts';
import {
  RateBudget,
  type FunctionRate,
  type RateRefusal,
} from '../../../host/limits/rate-budget.ts';
import type { FunctionBudget } from '../../../host/registry/model.ts';
import { createLoad, type SimRequest } from './load.ts';
import { SimClock, SimHost } from './quota-simulation.ts';
import { createTestSnapshot } from './test-snapshot.ts';

/** A host with the rate of one function in each worker. */
class RateHost extends SimHost {
  readonly rates: SharedRate[] = [];
  readonly #key: string;
  readonly #budget: FunctionBudget;

  constructor(seed: number, budget: FunctionBudget, workers: number) {
    const { snapshot, live } = createTestSnapshot({ budget });
    super(seed, snapshot);
    this.#key = functionKeyOf(live);
    this.#budget = budget;
    for (let index = 0; index < workers; index += 1) this.addRate();
  }

  addRate(): SharedRate {
    const rate = this.addWorker().client.openRate(this.#key, this.#budget);
    this.rates.push(rate);
    return rate;
  }
}

interface Admissions {
  admitted: number;
  refused: number;
  readonly byWorker: number[];
  longestMs: number;
  readonly refusals: RateRefusal[];
}

function ask(
  clock: SimClock,
  requests: readonly SimRequest[],
  rateOf: (worker: number) => FunctionRate | undefined,
): Admissions {
  const seen: Admissions = { admitted: 0, refused: 0, byWorker: [], longestMs: 0, refusals: [] };
  for (const { atMs, worker } of requests) {
    clock.after(atMs, () => {
      const askedMs = clock.monotonicMs();
      const take = (refusal: RateRefusal | undefined): void => {
        seen.longestMs = Math.max(seen.longestMs, clock.monotonicMs() - askedMs);
        if (refusal === undefined) {
          seen.admitted += 1;
          seen.byWorker[worker] = (seen.byWorker[worker] ?? 0) + 1;
        } else {
          seen.refused += 1;
          seen.refusals.push(refusal);
        }
      };
      const answer = rateOf(worker)?.admit();
      if (answer instanceof Promise) void answer.then(take);
      else take(answer);
    });
  }
  return seen;
}

async function compareRate(
  t: Test,
  perSecond: number,
  load: number,
  shares: number[],
): Promise<void> {
  const budget = { requestsPerSecond: perSecond };
  const host = new RateHost(4, budget, shares.length);
  const shape = { seconds: 10, perSecond: perSecond * load, shares, serviceMs: 0 };
  const requests = createLoad(shape, host.random);
  const clock = new SimClock();
  const alone = new RateBudget(budget, clock);
  const ideal = ask(clock, requests, () => alone);
  await clock.run(10_000);
  const seen = ask(host.clock, requests, (worker) => host.rates[worker]);
  await host.clock.run(10_100);
  t.comment(
    `${seen.admitted} where one process lets in ${ideal.admitted}; ${seen.byWorker.join(' ')}`,
  );
  t.ok(Math.abs(seen.admitted - ideal.admitted) <= Math.max(1, ideal.admitted * 0.05));
  t.equal(seen.admitted + seen.refused, requests.length, 'every request has an answer');
  t.ok(seen.longestMs <= 50, `the longest wait was ${seen.longestMs} ms`);
  const limit = Math.max(1, perSecond) + 10.1 * perSecond;
  t.ok(seen.admitted <= limit, 'never more than the rate and one burst');
  for (const { limitValue, retryAfterSeconds } of seen.refusals) {
    if (limitValue !== perSecond || retryAfterSeconds !== 1) t.fail('a wrong refusal');
  }
}

for (const perSecond of [1000, 50, 2]) {
  for (const [load, shares] of [
    [3, [0.9, 0.1]],
    [1.2, [0.9, 0.04, 0.03, 0.03]],
    [1.1, [0.25, 0.25, 0.25, 0.25]],
    [0.8, [0.5, 0.5]],
  ] as const) {
    // As many as needed to see it.
    if (perSecond === 1000 && load !== 1.2) continue;
    t.test(`${perSecond} requests/s, ${load} times that come, parts ${shares.join(' ')}`, (t) =>
      compareRate(t, perSecond, load, [...shares]),
    );
  }
}

t.test('less than one request a second: the refusal says when the next may come', async (t) => {
  const host = new RateHost(4, { requestsPerSecond: 0.1 }, 2);
  const first = host.rates[0]?.admit();
  await host.clock.run(5);
  t.equal(await first, undefined);
  const second = host.rates[1]?.admit();
  await host.clock.run(5);
  t.same(await second, { limit: 'rate', limitValue: 0.1, retryAfterSeconds: 10 });
  await host.clock.run(5000);
  t.match(host.rates[1]?.admit(), { retryAfterSeconds: 5 }, 'without asking again');
  await host.clock.run(5000);
  const third = host.rates[1]?.admit();
  await host.clock.run(5);
  t.equal(await third, undefined);
});

t.test('without a supervisor each worker lets in its part of the rate', async (t) => {
  const host = new RateHost(4, { requestsPerSecond: 40 }, 4);
  await host.clock.run(5);
  const hanging = host.rates[0]?.admit();
  host.killSupervisor();
  t.equal(await hanging, undefined, 'who waits is not forgotten');
  const load = { seconds: 5, perSecond: 200, shares: [0.25, 0.25, 0.25, 0.25], serviceMs: 0 };
  const seen = ask(host.clock, createLoad(load, host.random), (worker) => host.rates[worker]);
  await host.clock.run(5000);
  t.ok(Math.abs(seen.admitted - 240) <= 12, String(seen.admitted));
  t.equal(seen.longestMs, 0);
});

t.test('a supervisor that says nothing is as good as none', async (t) => {
  const host = new RateHost(4, { requestsPerSecond: 10 }, 1);
  await host.clock.run(5);
  const [worker] = host.workers;
  if (worker !== undefined) worker.link += 1;
  const answer = host.rates[0]?.admit();
  await host.clock.run(49);
  let isAnswered = false;
  void Promise.resolve(answer).then(() => (isAnswered = true));
  await host.clock.run(0);
  t.notOk(isAnswered);
  await host.clock.run(2);
  t.equal(await answer, undefined);
});

t.test('CPU time of all workers counts, within 5 % of the budget', async (t) => {
  const host = new RateHost(4, { cpuMsPerMinute: 1000 }, 3);
  let usedMs = 0;
  for (let call = 0; call < 1000; call += 1) {
    const rate = host.rates[call % 10 === 0 ? 1 + (call % 2) : 0];
    if (rate?.admit() === undefined) {
      usedMs += 3;
      rate?.chargeCpu(3);
    }
    await host.clock.run(5);
  }
  t.ok(usedMs >= 1000 && usedMs <= 1050, String(usedMs));
  for (const rate of host.rates) t.match(rate.admit(), { limit: 'cpu_budget' });
  const late = host.addRate();
  await host.clock.run(5);
  t.match(late.admit(), { limit: 'cpu_budget' }, 'a new worker learns what was used');
  host.killSupervisor();
  host.startSupervisor();
  for (const worker of host.workers) host.connect(worker);
  await host.clock.run(5);
  const later = host.addRate();
  await host.clock.run(5);
  t.match(later.admit(), { limit: 'cpu_budget' }, 'a new supervisor as well');
  await host.clock.run(61_000);
  for (const rate of host.rates) t.equal(rate.admit(), undefined);
});

t.test('little CPU time is told within 100 ms', async (t) => {
  const host = new RateHost(4, { cpuMsPerMinute: 10 }, 2);
  await host.clock.run(5);
  host.rates[0]?.chargeCpu(9.95);
  host.rates[0]?.chargeCpu(0.05);
  await host.clock.run(101);
  t.match(host.rates[1]?.admit(), { limit: 'cpu_budget' });
});
