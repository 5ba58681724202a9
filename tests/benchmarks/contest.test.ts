import t from 'tap';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import type { LoadOrder, LoadOutcome } from '../../benchmarks/load/generate-load.ts';
import {
  Contest,
  latencyOf,
  rateOf,
  ratioOf,
  type LoadSide,
  type Outcomes,
} from '../../benchmarks/load/load-side.ts';
import {
  describe,
  listFigures,
  listRatios,
  type Measured,
} from '../../benchmarks/load/throughput-report.ts';

const plan = { rounds: 3, warmUpMs: 1, durationMs: 10 };
const nobody = (): void => {};

function side(id: string, group: string, port: number, isPeer = false): LoadSide {
  return { id, group, port, request: Buffer.from(id), version: '1', isPeer };
}

function outcome(requestsPerSecond: number, ms: number): LoadOutcome {
  const latencies = new LatencyHistogram();
  latencies.add(ms);
  return {
    requests: 1,
    requestsPerSecond,
    latencies: latencies.toJSON(),
    loaderCpu: 0.5,
    mostMs: ms,
    errors: {},
  };
}

t.test('sides of a group take turns in being the first, group after group', async (t) => {
  const order: number[] = [];
  const loader = {
    ask: async ({ port }: LoadOrder) => {
      order.push(port);
      return outcome(port, 1);
    },
  };
  const sides = [side('a', 'x', 1), side('b', 'x', 2), side('c', 'y', 3)];
  const outcomes = await new Contest(loader, sides).measureClosed(plan, 4, nobody);
  t.same(order, [1, 2, 3, 2, 1, 3, 1, 2, 3]);
  t.equal(rateOf(outcomes, 'b'), 2);
  t.equal(ratioOf(outcomes, 'b', 'a'), 2);
  t.equal(ratioOf(outcomes, 'b', 'nobody'), undefined);
});

t.test('a peer that fails is dropped and named; ours that fails ends the run', async (t) => {
  const loader = {
    ask: async ({ port }: LoadOrder) => {
      if (port === 2) throw new Error('Cannot load the server: status 500\n    at somewhere');
      return outcome(10, 1);
    },
  };
  const contest = new Contest(loader, [side('ours', 'x', 1), side('peer', 'x', 2, true)]);
  const outcomes = await contest.measureClosed(plan, 4, nobody);
  t.same([...outcomes.keys()], ['ours']);
  t.equal(outcomes.get('ours')?.length, 3);
  t.same(contest.gaps, [{ name: 'peer', reason: 'Cannot load the server: status 500' }]);
  t.same(
    contest.sides.map(({ id }) => id),
    ['ours'],
  );
  const own = new Contest(loader, [side('ours', 'x', 2)]);
  await t.rejects(own.measureClosed(plan, 4, nobody), { message: 'Cannot measure "ours"' });
});

t.test(
  'at a rate, a slow side gets the time for some requests, and no rate is no turn',
  async (t) => {
    const orders: LoadOrder[] = [];
    const loader = {
      ask: async (order: LoadOrder) => {
        orders.push(order);
        return outcome(1, 1);
      },
    };
    const contest = new Contest(loader, [
      side('fast', 'x', 1),
      side('slow', 'x', 2),
      side('no', 'x', 3),
    ]);
    const rates: Record<string, number> = { fast: 10_000, slow: 10 };
    await contest.measureAtRate({ ...plan, rounds: 1 }, 4, ({ id }) => rates[id], nobody);
    t.same(
      orders.map(({ port, requestsPerSecond, durationMs }) => [
        port,
        requestsPerSecond,
        durationMs,
      ]),
      [
        [1, 10_000, 10],
        [2, 10, 2000],
      ],
    );
  },
);

t.test('the percentile of a side is the median of its rounds', async (t) => {
  const outcomes: Outcomes<LoadOutcome> = new Map([
    ['a', [outcome(1, 1), outcome(1, 500), outcome(1, 2)]],
  ]);
  const ms = latencyOf(outcomes, 'a', 0.99) ?? Number.NaN;
  t.ok(ms > 1.9 && ms < 2.1, `${ms}`);
  t.equal(latencyOf(outcomes, 'b', 0.99), undefined);
});

t.test('ratios, costs and gaps come out under their names', async (t) => {
  const rates = {
    fastify: 1000,
    isolated: 500,
    workerd: 250,
    'p3-fresh': 400,
    'isolated:json': 30,
  };
  const closed = new Map(Object.entries(rates).map(([id, rate]) => [id, [outcome(rate, 1)]]));
  const half = new Map([['isolated', [outcome(250, 60)]]]);
  const measured: Measured = {
    sides: [...closed.keys()].map((id) =>
      side(id, id.split(':')[1] ?? 'hello', 1, id === 'workerd'),
    ),
    gaps: [{ name: 'wasmtime-serve', reason: 'wasmtime is not on the PATH' }],
    rounds: 1,
    rateRounds: 1,
    connections: 32,
    closed,
    atRate: new Map([['half-load', half]]),
    alone: new Map([
      ['fastify', [[0.05]]],
      ['isolated', [[0.15]]],
    ]),
  };
  const ratios = new Map(listRatios(measured).map(({ name, value }) => [name, value]));
  t.same(Object.fromEntries(ratios), {
    'isolated/fastify': 0.5,
    'isolated/workerd': 2,
    'p3-fresh/p2-fresh': 0.8,
  });
  const figures = new Map(listFigures(measured).map(({ name, value }) => [name, value]));
  t.equal(Math.round(figures.get('noop-cost') ?? 0), 100);
  t.equal(Math.round(figures.get('noop-cost-at-full-load') ?? 0), 1000);
  t.equal(figures.get('rps-isolated:json'), 30);
  t.ok((figures.get('p99.9-at-half-load:isolated') ?? 0) > 50);
  const [hello, json] = describe(measured);
  t.match(hello?.rows.at(-1), ['wasmtime-serve', '', '', '', '', '', '', '', '', '']);
  t.match(hello?.rows.at(-1)?.at(-1), 'not measured: wasmtime is not on the PATH');
  t.match(hello?.remarks[1], /missed: isolated p50 59/);
  t.match(json?.title, 'JSON');
});
