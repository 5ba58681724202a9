import t from 'tap';
import { Backoff } from '../../../host/cluster/watchdog/backoff.ts';

t.test(
  'the first restart is at once, later ones wait twice as long each, up to 10 s',
  async (t) => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 11 }, () => backoff.ended(59_999));
    t.same(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  },
);

t.test('after a minute of health it begins anew', async (t) => {
  const backoff = new Backoff();
  for (let time = 0; time < 5; time += 1) backoff.ended(10);
  t.equal(backoff.ended(60_000), 0);
  t.equal(backoff.ended(10), 100);
});
