import t from 'tap';
import { Backoff } from '../../../host/cluster/watchdog/backoff.ts';
import { ManualClock } from '../../wasi/manual-clock.ts';

/** Runs for some time, ends, and waits as long as it is told. */
function run(backoff: Backoff, clock: ManualClock, ranMs: number): number {
  backoff.started();
  clock.advance(ranMs);
  const delayMs = backoff.ended();
  clock.advance(delayMs);
  return delayMs;
}

t.test('the first restart is at once, later ones wait twice as long each, up to 10 s', async (t) => {
  const clock = new ManualClock();
  const backoff = new Backoff(clock);
  const delays = Array.from({ length: 11 }, () => run(backoff, clock, 59_999));
  t.same(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
});

t.test('after a minute of health it begins anew', async (t) => {
  const clock = new ManualClock();
  const backoff = new Backoff(clock);
  for (let time = 0; time < 5; time += 1) run(backoff, clock, 10);
  t.equal(run(backoff, clock, 60_000), 0);
  t.equal(run(backoff, clock, 10), 100);
});

t.test('a process that could not be started counts as one that ended', async (t) => {
  const backoff = new Backoff(new ManualClock());
  t.same([backoff.ended(), backoff.ended(), backoff.ended()], [0, 100, 200]);
});
