import t from 'tap';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { median, percentile } from '../../benchmarks/kit/percentiles.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

t.test('percentile() gives the nearest rank, whatever the order', async (t) => {
  const samples = upTo(100).toReversed();
  t.equal(percentile(samples, 0.5), 50);
  t.equal(percentile(samples, 0.99), 99);
  t.equal(percentile(samples, 1), 100);
  t.equal(samples[0], 100, 'and leaves the samples as they are');
});

t.test('percentile() of few samples is the largest of them', async (t) => {
  t.equal(percentile([3, 1, 2], 0.99), 3);
  t.equal(percentile([7], 0.5), 7);
});

t.test('percentile() and median() refuse to make a figure of nothing', async (t) => {
  t.throws(() => percentile([], 0.5), { message: /no samples/ });
  t.throws(() => median([]), { message: /no samples/ });
});

t.test('median() sorts by size, and takes the mean of the middle two', async (t) => {
  t.equal(median([10, 9, 100]), 10);
  t.equal(median([4, 1, 3, 2]), 2.5);
});

t.test('a histogram gives percentiles to about 1 %', async (t) => {
  const histogram = new LatencyHistogram();
  for (const ms of upTo(10_000)) histogram.add(ms / 100);
  for (const [share, expected] of [
    [0.5, 50],
    [0.99, 99],
    [0.999, 99.9],
  ] as const) {
    const error = Math.abs(histogram.percentile(share) / expected - 1);
    t.ok(error < 0.011, `p${share * 100} is off by ${error}`);
  }
});

t.test('histograms add up, also after a journey as JSON', async (t) => {
  const fast = new LatencyHistogram();
  const slow = new LatencyHistogram();
  for (let index = 0; index < 98; index += 1) fast.add(1);
  slow.add(50);
  slow.add(50);
  fast.merge(JSON.parse(JSON.stringify(slow)));
  t.equal(fast.total, 100);
  t.ok(Math.abs(fast.percentile(0.98) - 1) < 0.011);
  t.ok(Math.abs(fast.percentile(0.99) / 50 - 1) < 0.011);
});

t.test('a histogram takes durations beyond its ends', async (t) => {
  const histogram = new LatencyHistogram();
  histogram.add(0);
  histogram.add(1e9);
  t.equal(histogram.total, 2);
  t.ok(histogram.percentile(0.5) < 0.002);
  t.ok(histogram.percentile(1) > 100_000);
});
