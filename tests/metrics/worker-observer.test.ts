import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { DumpRequest, MetricsDump } from '../../host/metrics/metrics-dump.ts';
import type { Observer } from '../../host/metrics/observer.ts';
import { WorkerObserver } from '../../host/metrics/worker-observer.ts';
import { HOST_USE, longestTurnMs, okCount, report, scrape } from './scrape.ts';
import { TestCluster } from './test-cluster.ts';

const FIRST: DumpRequest = { run: '', page: 0, all: true, process: false };

/** What the supervisor asks for when it has a page. */
function after({ run, page }: MetricsDump): DumpRequest {
  return { run, page, all: false, process: false };
}

function use(observer: Observer, functions: number): void {
  for (let index = 0; index < functions; index += 1) {
    const name = `fn-${index}`;
    for (const start of ['cold', 'warm', 'hot'] as const) {
      observer.invocation(report(name, { start, peakMemoryBytes: 1e6, cpuSeconds: 0.001 }));
      observer.start(name, start, { read: 1, compile: 1, instantiate: 1, total: 3 });
      observer.instanceStart(name, 'cold');
    }
    observer.instances(name, 'idle', 1);
  }
}

async function pagesOf(worker: WorkerObserver): Promise<readonly MetricsDump[]> {
  const pages = [await worker.dump(FIRST)];
  for (let last = pages[0]; last?.more === true; last = pages.at(-1)) {
    pages.push(await worker.dump(after(last)));
  }
  return pages;
}

t.test('dump() gives only what came since the page that was counted', async (t) => {
  const worker = new TestCluster().createWorker();
  use(worker, 20);
  const names = (await pagesOf(worker)).flatMap(({ functions }) =>
    functions.map(({ name }) => name),
  );
  t.equal(new Set(names).size, 20);
  t.equal(names.length, 20, 'each once');
  let last = await worker.dump(after({ ...(await worker.dump(FIRST)) }));
  t.same(
    last.functions.map(({ name }) => name),
    names,
    'all: the gauges of those that rest',
  );
  t.ok(last.functions.every(({ counts }) => counts === undefined));
  last = await worker.dump(after(last));
  t.same(last.functions, [], 'nothing was used');
  worker.shed('fn-3');
  worker.cache('miss');
  const next = await worker.dump(after(last));
  t.match(next.functions, [{ name: 'fn-3', gauges: [0, 1, 0, 0, 0], counts: { shed: 1 } }]);
  t.equal(next.functions.length, 1);
  t.same(next.cache, [0, 1, 0]);
  worker.shed('fn-4');
  const again = await worker.dump(after(last));
  t.same({ ...again, more: false }, { ...next, more: false }, 'the same until it is counted');
  t.equal(again.more, true, 'and there is more by now');
});

t.test('flush() gives away all there is, also what was on its way', async (t) => {
  const cluster = new TestCluster();
  const worker = cluster.createWorker();
  const feed = cluster.metrics.join('worker-1', async () => {
    throw new Error('it is draining');
  });
  use(worker, 10);
  await worker.dump(FIRST);
  use(worker, 10);
  await worker.flush(async (page) => feed.accept(JSON.parse(JSON.stringify(page))));
  feed.depart();
  const samples = await scrape(cluster.metrics);
  for (let index = 0; index < 10; index += 1) t.equal(samples.get(okCount(`fn-${index}`)), 6);
  await t.rejects(
    worker.flush(async () => {
      throw new Error('nobody there');
    }),
    { message: 'nobody there' },
  );
  let sent = 0;
  use(worker, 10);
  await worker.flush(async () => {
    sent += 1;
    return FIRST;
  });
  t.equal(sent, 1, 'one who counts nothing is not asked for ever');
});

t.test('deployments, damage and deletions are not for workers to report', async (t) => {
  const cluster = new TestCluster();
  const worker = cluster.createWorker();
  cluster.join('worker-1', worker);
  const observer: Observer = worker;
  observer.deploy('created');
  observer.artifactDamage('quarantined');
  observer.forget('app');
  const samples = await scrape(cluster.metrics);
  t.equal(samples.get('faas_artifacts_quarantined'), 0);
  t.notOk(samples.has('faas_deploys_total{result="created"}'));
});

t.test('while no supervisor is there, counts of many functions take bounded memory', async (t) => {
  const cluster = new TestCluster({ maxFunctions: 10_000 });
  const worker = cluster.createWorker();
  for (let index = 0; index < 5050; index += 1) worker.invocation(report(`fn-${index}`));
  cluster.join('worker-1', worker);
  const samples = await scrape(cluster.metrics);
  t.equal(samples.get(okCount('fn-4998')), 1);
  t.notOk(samples.has(okCount('fn-5001')), 'what is too much counts as other');
  const counted = [...samples].filter(([key]) => key.startsWith('faas_invocations_total'));
  t.equal(
    counted.reduce((sum, [, value]) => sum + value, 0),
    5050,
    'nothing is lost',
  );
});

t.test('figures that JSON cannot write do not spoil a page', async (t) => {
  const cluster = new TestCluster();
  const worker = new WorkerObserver({
    run: 'run',
    moduleCacheBytes: () => 0,
    hostUse: { ...HOST_USE, limitMappings: Number.POSITIVE_INFINITY },
    residentBytes: () => 1,
  });
  cluster.join('worker-1', worker);
  worker.invocation(report('app', { seconds: Number.NaN }));
  worker.queue('app', -1);
  const samples = await scrape(cluster.metrics);
  t.same(cluster.failures, []);
  t.equal(samples.get('faas_queue_depth{function="app"}'), 0);
  t.equal(samples.get('faas_host_mappings_limit'), Number.MAX_SAFE_INTEGER);
});

t.test('thousands of functions in use do not hold the loop of a worker', async (t) => {
  const worker = new TestCluster().createWorker();
  // The best of a few: others use this machine too, and the first run is not yet compiled.
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5 && least > 5; run += 1) {
    use(worker, 2000);
    const pages: number[] = [];
    const longest = await longestTurnMs(async () => {
      for (let request = FIRST, more = true; more;) {
        const page = await worker.dump(request);
        pages.push(JSON.stringify(page).length);
        request = after(page);
        ({ more } = page);
        await nextTurn();
      }
    });
    t.ok(pages.length > 4, 'in pages');
    t.ok(Math.max(...pages) < 1_000_000, 'none of them long');
    least = Math.min(least, longest);
  }
  t.ok(least <= 5, `the longest turn took ${least.toFixed(1)} ms`);
});
