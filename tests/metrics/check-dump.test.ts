import t from 'tap';
import { checkDump } from '../../host/metrics/check-dump.ts';
import { DURATION_BUCKETS, MEMORY_BUCKETS } from '../../host/metrics/histogram.ts';
import { MOST_PAGE_FUNCTIONS, type MetricsDump } from '../../host/metrics/metrics-dump.ts';
import type { Observer } from '../../host/metrics/observer.ts';
import { createRandom, randomReport } from './random-reports.ts';
import { isCounter, okCount, report, scrape } from './scrape.ts';
import { ask, TestCluster } from './test-cluster.ts';

const NAMES = new Map([
  ['process_x', []],
  ['gc_seconds', ['kind', 'le']],
]);
const REQUEST = { run: '', page: 0, all: true, process: false };

/** A page with a bit of everything, as it comes out of a socket. */
async function pageOf(count: (worker: Observer) => void): Promise<MetricsDump> {
  const worker = new TestCluster().createWorker();
  count(worker);
  return (await ask(worker, REQUEST)) as MetricsDump;
}

/** What a hostile worker may do to a page; each alone must be refused. */
const ATTACKS: Readonly<Record<string, unknown>> = {
  'no page': 'text',
  nothing: null,
  'a list': [],
  'another release': { layout: 'sha256:0000' },
  'an unknown key': { extra: 1 },
  'a run that is too long': { run: 'x'.repeat(65) },
  'a run that is none': { run: '' },
  'page 0': { page: 0 },
  'half a page': { page: 1.5 },
  'a text for more': { more: 'yes' },
  'functions that are no list': { functions: { length: 1 } },
  'too many functions': {
    functions: Array.from({ length: MOST_PAGE_FUNCTIONS + 1 }, () => functionOf({})),
  },
  'a function that is none': { functions: [null] },
  'a name with a line feed': { functions: [{ ...functionOf({}), name: 'a\nfaas_workers 7' }] },
  'a name that is too long': { functions: [{ ...functionOf({}), name: 'a'.repeat(64) }] },
  'a gauge that is negative': { functions: [{ ...functionOf({}), gauges: [0, 0, -1, 0, 0] }] },
  'a gauge that is missing': { functions: [{ ...functionOf({}), gauges: [0, 0, 0, 0] }] },
  'a gauge beyond all': { functions: [{ ...functionOf({}), gauges: [0, 0, 0, 0, 1e300] }] },
  'an unknown series': counts({ mine: { a: 1 } }),
  'a version that is no number': counts({ invocations: { 'x"} 1': { http: { ok: 1 } } } }),
  'the version "other"': counts({ invocations: { other: { http: { ok: 1 } } } }),
  'too many versions': counts({
    invocations: Object.fromEntries(
      Array.from({ length: 17 }, (_, index) => [`${index + 1}`, { http: { ok: 1 } }]),
    ),
  }),
  'an unknown trigger': counts({ invocations: { 1: { smtp: { ok: 1 } } } }),
  'an unknown outcome': counts({ invocations: { 1: { http: { fine: 1 } } } }),
  'a count that is negative': counts({ invocations: { 1: { http: { ok: -1 } } } }),
  'a count that is no number': counts({ invocations: { 1: { http: { ok: '1' } } } }),
  'a count beyond all': counts({ invocations: { 1: { http: { ok: 1e13 } } } }),
  'an inherited outcome': counts({ invocations: { 1: { http: { constructor: 1 } } } }),
  'an unknown start': counts({ durations: { lukewarm: [1, 0, 1] } }),
  'an unknown phase': counts({ starts: { cold: { think: [1, 0, 1] } } }),
  'a phase without start': counts({ starts: [] }),
  'an unknown way': counts({ startWays: { stolen: 1 } }),
  'an unknown reason': counts({ evictions: { spite: 1 } }),
  'a limit that is no name': counts({ limits: { 'A b': 1 } }),
  'too many limits': counts({
    limits: Object.fromEntries(Array.from({ length: 33 }, (_, at) => ['x'.repeat(at + 1), 1])),
  }),
  'a bucket beyond ours': counts({ cpu: [1, DURATION_BUCKETS.length + 1, 1] }),
  'a memory bucket beyond ours': counts({ memory: [1, MEMORY_BUCKETS.length + 1, 1] }),
  'buckets out of order': counts({ cpu: [1, 2, 1, 1, 1] }),
  'a bucket twice': counts({ cpu: [1, 2, 1, 2, 1] }),
  'a bucket without count': counts({ cpu: [1, 2] }),
  'a histogram of nothing': counts({ cpu: [] }),
  'a sum that is negative': counts({ cpu: [-1, 0, 1] }),
  'a sum that is no number': counts({ cpu: [null, 0, 1] }),
  'a sum beyond all': counts({ cpu: [1e300, 0, 1] }),
  'half a count': counts({ cpu: [1, 0, 0.5] }),
  'a text for shed': counts({ shed: '7' }),
  'too few cache events': { cache: [1, 2] },
  'a cache event that is none': { cache: [1, 2, Number.NaN] },
  'no gauges of the worker': { worker: null },
  'a gauge of the worker that is none': { worker: workerGauges({ usedBytes: -1 }) },
  'a gauge of the worker that is unknown': { worker: workerGauges({ mine: 1 }) },
  'added bytes that are none': { worker: workerGauges({ addedBytes: '1' }) },
  'an unknown metric': { process: { faas_workers: [{ labels: {}, value: 1 }] } },
  'an unknown label': { process: { process_x: [{ labels: { process: 'worker-2' }, value: 1 }] } },
  'a label that is long': {
    process: { gc_seconds: [{ labels: { kind: 'x'.repeat(65) }, value: 1 }] },
  },
  'a label that is no text': { process: { gc_seconds: [{ labels: { kind: {} }, value: 1 }] } },
  'a value that is none': { process: { process_x: [{ labels: {}, value: null }] } },
  'a sample of another name': {
    process: { process_x: [{ labels: {}, value: 1, metricName: 'process_x_total 1' }] },
  },
  'an exemplar': { process: { process_x: [{ labels: {}, value: 1, exemplar: { labelSet: {} } }] } },
  'too many samples': {
    process: { process_x: Array.from({ length: 301 }, () => ({ labels: {}, value: 1 })) },
  },
};

function functionOf(rest: object): object {
  return { name: 'app', gauges: [0, 0, 0, 0, 0], ...rest };
}

function counts(series: object): object {
  return { functions: [functionOf({ counts: series })] };
}

function workerGauges(rest: object): object {
  const gauges = { moduleCacheBytes: 0, usedBytes: 0, limitBytes: 0, usedMappings: 0 };
  return { ...gauges, limitMappings: 0, addedBytes: 0, ...rest };
}

t.test('checkDump() takes what a worker writes', async (t) => {
  const random = createRandom(5);
  const page = await pageOf((worker) => {
    for (let count = 0; count < 3000; count += 1) randomReport(random, 20)(worker);
  });
  t.equal(checkDump(page, NAMES), page);
  const process = {
    process_x: [{ labels: {}, value: 0.5 }],
    gc_seconds: [{ labels: { le: 0.1, kind: 'major' }, value: 1, metricName: 'gc_seconds_bucket' }],
  };
  t.ok(checkDump({ ...page, process }, NAMES));
});

t.test('checkDump() refuses what is no page, and quotes nothing of it', async (t) => {
  const page = await pageOf((worker) => worker.invocation(report('app')));
  t.ok(checkDump(page, NAMES));
  for (const [attack, change] of Object.entries(ATTACKS)) {
    const isWhole = typeof change !== 'object' || change === null || Array.isArray(change);
    const dump: unknown = isWhole ? change : { ...page, ...change };
    const error = t.throws(() => checkDump(dump, NAMES), RangeError, attack) as Error | false;
    t.ok(
      error !== false && /^[\w "]{1,40}: [a-z0-9 ,"]{1,60}$/i.test(error.message),
      `${attack}: message`,
    );
  }
  for (const key of Object.keys(page)) {
    const { [key]: _gone, ...rest } = page as unknown as Record<string, unknown>;
    t.throws(() => checkDump(rest, NAMES), RangeError, `without ${key}`);
  }
});

t.test('a page that is refused changes nothing, and is told once', async (t) => {
  const cluster = new TestCluster();
  const honest = cluster.createWorker();
  cluster.join('worker-1', honest);
  honest.invocation(report('app'));
  await scrape(cluster.metrics);
  const page = await pageOf((worker) => {
    worker.invocation(report('app'));
    worker.invocation(report('mine'));
    worker.cache('hit');
  });
  const [first, second] = page.functions;
  const hostile = { ...second, counts: { ...second?.counts, cpu: [1, 99, 1] } };
  const feed = cluster.metrics.join('worker-2', async () => ({
    ...page,
    functions: [first, hostile],
  }));
  for (let round = 0; round < 3; round += 1) {
    const samples = await scrape(cluster.metrics);
    t.equal(samples.get(okCount('app')), 1);
    t.equal(samples.get('faas_module_cache_hits_total'), 0);
    t.notOk([...samples.keys()].some((key) => key.includes('mine')));
  }
  t.match(cluster.failures, [{ workerId: 'worker-2', error: { code: 'metrics_refused' } }]);
  t.equal(cluster.failures.length, 1);
  t.throws(() => feed.accept({ ...page, page: -1 }), { code: 'metrics_refused' });
});

t.test(
  'a worker that lies about counts can make no counter go back, nor spoil a sum',
  async (t) => {
    const cluster = new TestCluster();
    let page = 0;
    cluster.metrics.join('worker-1', async () => {
      page += 1;
      const template = await pageOf((worker) =>
        worker.invocation(report('app', { start: 'warm' })),
      );
      const counts = {
        invocations: { 1: { http: { ok: 1e12 } } },
        durations: { warm: [1e18, 3, 1e12] },
        limits: Object.fromEntries(
          Array.from({ length: 30 }, (_, at) => [`l${'x'.repeat(at)}`, 1]),
        ),
      };
      const gauges = [1e12, 0, 0, 0, page % 2];
      // Pages that never end, each of another life.
      return {
        ...template,
        run: `run-${page}`,
        page,
        more: true,
        functions: [{ name: 'app', gauges, counts }],
      };
    });
    const highest = new Map<string, number>();
    for (let round = 0; round < 3; round += 1) {
      for (const [key, value] of await scrape(cluster.metrics)) {
        t.ok(Number.isFinite(value) || key.startsWith('nodejs_'), `${key} is a number`);
        if (isCounter(key)) t.ok(value >= (highest.get(key) ?? 0), `${key} does not go back`);
        highest.set(key, value);
      }
    }
    t.equal(highest.get(okCount('app')), page * 1e12);
    t.equal(
      highest.get('faas_instances{function="app",state="running"}'),
      1e12,
      'one life at a time',
    );
    const limits = [...highest.keys()].filter((key) => key.startsWith('faas_limit_exceeded_total'));
    t.ok(limits.length <= 17, 'sixteen and "other"');
  },
);
