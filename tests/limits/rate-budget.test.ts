import t from 'tap';
import { RateBudget } from '../../host/limits/rate-budget.ts';
import { RateBudgets } from '../../host/limits/rate-budgets.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

t.test('a second’s worth of requests is let in at once, then one whenever it is due', (t) => {
  const clock = new ManualClock();
  const budget = new RateBudget({ requestsPerSecond: 4 }, clock);
  for (let index = 0; index < 4; index += 1) t.equal(budget.admit(), undefined);
  t.same(budget.admit(), { limit: 'rate', limitValue: 4, retryAfterSeconds: 1 });
  clock.advance(249);
  t.match(budget.admit(), { limit: 'rate' });
  clock.advance(1);
  t.equal(budget.admit(), undefined);
  t.match(budget.admit(), { limit: 'rate' });
  clock.advance(3_600_000);
  for (let index = 0; index < 4; index += 1) t.equal(budget.admit(), undefined);
  t.match(budget.admit(), { limit: 'rate' }, 'an idle hour saves nothing up');
  t.end();
});

t.test('less than one request a second lets one in, and tells when the next is due', (t) => {
  const clock = new ManualClock();
  const budget = new RateBudget({ requestsPerSecond: 0.1 }, clock);
  t.equal(budget.admit(), undefined);
  t.same(budget.admit(), { limit: 'rate', limitValue: 0.1, retryAfterSeconds: 10 });
  clock.advance(7000);
  t.match(budget.admit(), { retryAfterSeconds: 3 }, 'being refused costs nothing');
  clock.advance(3000);
  t.equal(budget.admit(), undefined);
  t.end();
});

t.test('over any minute no more is let in than the rate and one burst', (t) => {
  const clock = new ManualClock();
  const budget = new RateBudget({ requestsPerSecond: 3 }, clock);
  let admitted = 0;
  for (let ms = 0; ms < 60_000; ms += 7) {
    if (budget.admit() === undefined) admitted += 1;
    clock.advance(7);
  }
  t.ok(admitted >= 180 && admitted <= 183, String(admitted));
  t.end();
});

t.test('CPU time that is used up is refused until a minute has passed since it was used', (t) => {
  const clock = new ManualClock();
  const budget = new RateBudget({ cpuMsPerMinute: 1000 }, clock);
  t.equal(budget.admit(), undefined);
  budget.chargeCpu(600);
  clock.advance(20_000);
  t.equal(budget.admit(), undefined);
  budget.chargeCpu(500);
  t.same(budget.admit(), { limit: 'cpu_budget', limitValue: 1000, retryAfterSeconds: 40 });
  clock.advance(39_000);
  t.match(budget.admit(), { limit: 'cpu_budget', retryAfterSeconds: 1 });
  clock.advance(1000);
  t.equal(budget.admit(), undefined, 'the first 600 ms are forgotten');
  budget.chargeCpu(700);
  t.match(budget.admit(), { retryAfterSeconds: 20 }, 'the 500 ms are forgotten next');
  clock.advance(600_000);
  t.equal(budget.admit(), undefined);
  t.end();
});

t.test('CPU time in one piece larger than the budget is forgotten as well', (t) => {
  const clock = new ManualClock();
  const budget = new RateBudget({ cpuMsPerMinute: 1000 }, clock);
  budget.chargeCpu(90_000);
  t.match(budget.admit(), { limit: 'cpu_budget', retryAfterSeconds: 60 });
  clock.advance(60_000);
  t.equal(budget.admit(), undefined);
  t.end();
});

t.test('the sliding sum is that of the seconds it covers, whatever the steps', (t) => {
  const clock = new ManualClock();
  const cpuMsPerMinute = 5000;
  const budget = new RateBudget({ cpuMsPerMinute }, clock);
  const used: { readonly second: number; readonly ms: number }[] = [];
  let state = 5;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let refused = 0;
  for (let index = 0; index < 5000; index += 1) {
    const second = Math.floor(clock.monotonicMs() / 1000);
    const sum = used
      .filter((entry) => entry.second > second - 60)
      .reduce((total, { ms }) => total + ms, 0);
    const refusal = budget.admit();
    if ((refusal !== undefined) !== sum >= cpuMsPerMinute) return t.fail(`step ${index}`);
    if (refusal === undefined) {
      const ms = next(800);
      used.push({ second, ms });
      budget.chargeCpu(ms);
    } else {
      refused += 1;
    }
    clock.advance(next(index % 10 === 0 ? 30_000 : 1500));
  }
  t.ok(refused > 100, 'both cases were seen');
  return t.end();
});

t.test('a request must pass both limits, and uses nothing up at one it does not pass', (t) => {
  const clock = new ManualClock();
  const budget = new RateBudget({ requestsPerSecond: 1, cpuMsPerMinute: 100 }, clock);
  budget.chargeCpu(100);
  t.match(budget.admit(), { limit: 'cpu_budget' });
  clock.advance(61_000);
  t.equal(budget.admit(), undefined);
  t.match(budget.admit(), { limit: 'rate' });
  t.end();
});

t.test('a new version keeps what was used, a deleted function starts anew', (t) => {
  const clock = new ManualClock();
  const budgets = new RateBudgets((_key, limits) => new RateBudget(limits, clock));
  t.equal(budgets.of('app', {}), undefined);
  const budget = budgets.of('app', { requestsPerSecond: 2, cpuMsPerMinute: 100 });
  t.equal(budget?.admit(), undefined);
  t.equal(budget?.admit(), undefined);
  budget?.chargeCpu(150);
  const again = budgets.of('app', { requestsPerSecond: 100 });
  t.equal(again, budget);
  t.match(again?.admit(), { limit: 'rate' });
  t.match(budgets.of('app', { cpuMsPerMinute: 120 })?.admit(), { limit: 'cpu_budget' });
  t.equal(budgets.of('app', { cpuMsPerMinute: 200 })?.admit(), undefined);
  t.equal(budgets.of('other', { requestsPerSecond: 2 })?.admit(), undefined, 'each has its own');
  budgets.retain(new Set(['other']));
  t.match(budgets.of('other', { requestsPerSecond: 1 })?.admit(), undefined);
  t.match(budgets.of('other', { requestsPerSecond: 1 })?.admit(), { limit: 'rate' });
  t.equal(budgets.of('app', { cpuMsPerMinute: 100 })?.admit(), undefined);
  t.end();
});
