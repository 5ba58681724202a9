import t from 'tap';
import { compareSeries, readFunctionSeries } from '../../../cli/bench/host-figures.ts';

const scrape = (calls: number, traps: number, cpu: readonly number[]): string => `
# TYPE faas_invocations_total counter
faas_invocations_total{function="app",version="1",trigger="http",outcome="ok"} ${calls}
faas_invocations_total{function="app",version="2",trigger="http",outcome="trap"} ${traps}
faas_invocations_total{function="app2",version="1",trigger="http",outcome="ok"} 1000
faas_invocation_cpu_seconds_bucket{function="app",le="0.001"} ${cpu[0]}
faas_invocation_cpu_seconds_bucket{function="app",le="0.01"} ${cpu[1]}
faas_invocation_cpu_seconds_bucket{function="app",le="+Inf"} ${cpu[2]}
faas_invocation_cpu_seconds_sum{function="app"} ${calls / 100}
faas_invocation_cpu_seconds_count{function="app"} ${cpu[2]}
`;

t.test('figures are what was added between two scrapes, of this function alone', async (t) => {
  const before = readFunctionSeries(scrape(10, 1, [5, 10, 10]), 'app');
  const after = readFunctionSeries(scrape(110, 2, [65, 108, 110]), 'app');
  const figures = compareSeries(before, after);
  t.match(figures, { calls: 101, outcomes: { ok: 100, trap: 1 }, memoryBytes: undefined });
  t.match(figures?.cpuMs, { mean: 10, p50AtMost: 1, p99AtMost: Number.POSITIVE_INFINITY });
});

t.test('a function without series of its own has no figures', async (t) => {
  const text = scrape(10, 1, [5, 10, 10]);
  t.equal(compareSeries([], readFunctionSeries(text, 'ap')), undefined);
  const series = readFunctionSeries(text, 'app');
  t.equal(compareSeries(series, series), undefined, 'nor one that nobody has called');
});
