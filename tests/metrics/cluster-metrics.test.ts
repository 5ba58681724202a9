import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { METRICS } from '../../host/metrics/metric-names.ts';
import type { DumpRequest, MetricsDump } from '../../host/metrics/metrics-dump.ts';
import { PrometheusObserver } from '../../host/metrics/prometheus.ts';
import { createRandom, randomReport } from './random-reports.ts';
import { HOST_USE, isCounter, okCount, report, scrape, TestClock } from './scrape.ts';
import { ask, TestCluster } from './test-cluster.ts';

/** Our samples that come from reports; those of a function at 0 may be missing. */
function reported(samples: ReadonlyMap<string, number>): Record<string, number> {
  const entries = [...samples].filter(([key, value]) => {
    const isOurs = /^faas_(?!host_|workers|module_cache_bytes|instances_per_gib)/.test(key);
    return isOurs && (isCounter(key) || value !== 0);
  });
  return Object.fromEntries(entries);
}

function openSingle(maxFunctions: number, clock = new TestClock()): PrometheusObserver {
  return new PrometheusObserver({
    maxFunctions,
    clock,
    moduleCacheBytes: () => 4096,
    hostUse: HOST_USE,
  });
}

t.test('render() gives exactly what one process would that saw all reports', async (t) => {
  for (const seed of [1, 2]) {
    const random = createRandom(seed);
    const single = openSingle(1000);
    const cluster = new TestCluster();
    const workers = [1, 2, 3].map(() => cluster.createWorker());
    workers.forEach((worker, index) => cluster.join(`worker-${index + 1}`, worker));
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 2000; count += 1) {
        const make = randomReport(random, 40);
        const worker = workers[Math.floor(random() * workers.length)];
        make(single);
        if (worker !== undefined) make(worker);
      }
      const merged = reported(await scrape(cluster.metrics));
      const whole = reported(await scrape(single));
      t.ok(Object.keys(whole).length > 1000);
      t.same(cluster.failures, []);
      t.same(merged, whole, `seed ${seed}, round ${round}`);
    }
  }
});

t.test('places change hands as they would in one process', async (t) => {
  const random = createRandom(7);
  const cluster = new TestCluster({ maxFunctions: 5 });
  const clock = new TestClock();
  const single = openSingle(5, clock);
  const workers = [cluster.createWorker(), cluster.createWorker()];
  workers.forEach((worker, index) => cluster.join(`worker-${index + 1}`, worker));
  // Whoever comes first has the first places: it is to be the same ones.
  for (let index = 0; index < 10; index += 1) {
    for (const observer of [single, workers[0]]) observer?.invocation(report(`fn-${index}`));
  }
  await scrape(cluster.metrics);
  await scrape(single);
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  for (let round = 0; round < 30; round += 1) {
    const busy = Math.floor(random() * 10);
    for (let count = 0; count < 100; count += 1) {
      const name = `fn-${count % 2 === 0 ? busy : Math.floor(random() * 10)}`;
      const use = report(name, { start: 'warm', seconds: 0.5 });
      for (const observer of [single, workers[count % 2]]) observer?.invocation(use);
    }
    cluster.clock.nowMs += 60_000;
    clock.nowMs += 60_000;
    const samples = await scrape(cluster.metrics);
    t.same(reported(samples), reported(await scrape(single)), `round ${round}`);
    for (const [key, value] of samples) {
      if (!isCounter(key)) continue;
      if (value < (highest.get(key) ?? 0)) t.fail(`${key} went back`);
      highest.set(key, value);
      if (key.startsWith('faas_invocations_total')) seen.add(key);
    }
  }
  t.ok(seen.size > 8, 'they did change hands');
});

t.test('no counter goes back while workers are replaced, however they end', async (t) => {
  const cluster = new TestCluster();
  const highest = new Map<string, number>();
  let counted = 0;
  const check = async (): Promise<Map<string, number>> => {
    const samples = await scrape(cluster.metrics);
    for (const [key, value] of highest) {
      if ((samples.get(key) ?? -1) < value) t.fail(`${key} went back from ${value}`);
    }
    for (const [key, value] of samples) if (isCounter(key)) highest.set(key, value);
    return samples;
  };
  const other = cluster.createWorker();
  cluster.join('worker-0', other);
  for (let life = 1; life <= 20; life += 1) {
    const worker = cluster.createWorker();
    // Every second one comes under the name of the one before.
    const feed = cluster.join(`worker-${Math.ceil(life / 2)}`, worker);
    for (let round = 0; round < 3; round += 1) {
      worker.invocation(report('app', { start: 'warm', peakMemoryBytes: 1e6, cpuSeconds: 0.1 }));
      worker.start('app', 'warm', { total: 0.1 });
      worker.cache('hit');
      worker.instances('app', 'running', 1);
      other.invocation(report('app'));
      counted += 2;
      const samples = await check();
      t.equal(samples.get(okCount('app')), counted);
    }
    worker.invocation(report('app'));
    if (life % 3 === 0) {
      await worker.flush(async (page) => feed.accept(JSON.parse(JSON.stringify(page))));
      counted += 1;
    }
    feed.depart();
    feed.depart();
    cluster.metrics.restarted('crash');
    const samples = await check();
    t.equal(samples.get(okCount('app')), counted, 'its counts stay');
    const running = samples.get('faas_instances{function="app",state="running"}');
    t.equal(running, 0, 'its instances do not');
  }
  t.equal(highest.get('faas_worker_restarts_total{reason="crash"}'), 20);
  t.equal(highest.get('faas_module_cache_hits_total'), 60);
});

t.test('answers that are lost cost nothing, and count once', async (t) => {
  const random = createRandom(11);
  const cluster = new TestCluster();
  const worker = cluster.createWorker();
  cluster.metrics.join('worker-1', async (request) => {
    if (random() < 0.3) throw new Error('lost on the way there');
    const page = await ask(worker, request);
    if (random() < 0.3) throw new Error('lost on the way back');
    return page;
  });
  for (let round = 0; round < 100; round += 1) {
    worker.invocation(report(`fn-${round % 7}`));
    worker.instances('fn-0', 'idle', 1);
    await cluster.metrics.render();
  }
  t.ok(cluster.failures.length > 10 && cluster.failures.length < 50, 'told when it begins');
  let samples = await scrape(cluster.metrics);
  for (let tries = 0; tries < 20; tries += 1) samples = await scrape(cluster.metrics);
  let sum = 0;
  for (let index = 0; index < 7; index += 1) sum += samples.get(okCount(`fn-${index}`)) ?? 0;
  t.equal(sum, 100);
  t.equal(samples.get('faas_instances{function="fn-0",state="idle"}'), 100);
});

t.test('a worker that is connected anew goes on where it was', async (t) => {
  const cluster = new TestCluster();
  const worker = cluster.createWorker();
  let isLost = false;
  const connect = (): void => {
    cluster.metrics.join('worker-1', async (request) => {
      const page = await ask(worker, request);
      if (isLost) throw new Error('link lost');
      return page;
    });
  };
  connect();
  worker.instances('app', 'idle', 1);
  worker.instances('quiet', 'warm', 1);
  worker.invocation(report('app'));
  await scrape(cluster.metrics);
  isLost = true;
  worker.invocation(report('app'));
  await scrape(cluster.metrics);
  isLost = false;
  worker.invocation(report('app'));
  connect();
  let samples = await scrape(cluster.metrics);
  t.equal(samples.get(okCount('app')), 3);
  t.equal(samples.get('faas_instances{function="app",state="idle"}'), 1);
  t.equal(samples.get('faas_instances{function="quiet",state="warm"}'), 1, 'also what rests');
  connect();
  samples = await scrape(cluster.metrics);
  t.equal(samples.get(okCount('app')), 3, 'a page that comes again does not count again');
});

t.test('a new supervisor gets all gauges, and what was counted while none was there', async (t) => {
  const first = new TestCluster();
  const worker = first.createWorker();
  first.join('worker-1', worker);
  worker.instances('quiet', 'warm', 1);
  for (let count = 0; count < 5; count += 1) worker.invocation(report('app'));
  t.equal((await scrape(first.metrics)).get(okCount('app')), 5);
  for (let count = 0; count < 3; count += 1) worker.invocation(report('app'));
  const second = new TestCluster();
  second.join('worker-1', worker);
  let samples = await scrape(second.metrics);
  t.equal(samples.get(okCount('app')), 8, 'with the page that the first one may not have counted');
  t.equal(samples.get('faas_instances{function="quiet",state="warm"}'), 1);
  worker.instances('quiet', 'warm', -1);
  samples = await scrape(second.metrics);
  t.equal(samples.get('faas_instances{function="quiet",state="warm"}'), 0);
});

t.test('names that are not deployed count as "other", and deleted functions end', async (t) => {
  const deployed = new Set(['app']);
  const cluster = new TestCluster({ isDeployed: (name) => deployed.has(name) });
  const worker = cluster.createWorker();
  cluster.join('worker-1', worker);
  for (let count = 0; count < 50; count += 1) {
    worker.invocation(report(`made-up-${count}`));
    worker.instances(`made-up-${count}`, 'running', 1);
  }
  worker.invocation(report('app'));
  worker.instances('app', 'running', 1);
  let samples = await scrape(cluster.metrics);
  t.equal(samples.get(okCount('app')), 1);
  t.equal(samples.get(okCount('other', 'other')), 50);
  t.notOk([...samples.keys()].some((key) => key.includes('made-up')));
  deployed.delete('app');
  cluster.metrics.observer.forget('app');
  worker.invocation(report('app'));
  samples = await scrape(cluster.metrics);
  t.notOk(
    [...samples.keys()].some((key) => key.includes('"app"')),
    'its series end',
  );
  t.equal(samples.get(okCount('other', 'other')), 51);
  t.equal(samples.get('faas_instances{function="other",state="running"}'), 1, 'it still runs');
  worker.instances('app', 'running', -1);
  deployed.add('app');
  worker.start('app', 'cold', { total: 1 });
  worker.invocation(report('app'));
  samples = await scrape(cluster.metrics);
  t.equal(samples.get(okCount('app')), 1, 'deployed anew, it starts anew');
  t.equal(samples.get('faas_instances{function="other",state="running"}'), 0);
});

t.test('render() tells processes apart, and has every metric once', async (t) => {
  const cluster = new TestCluster();
  cluster.join('worker-1', cluster.createWorker());
  const leaving = cluster.join('worker-2', cluster.createWorker());
  globalThis.gc?.();
  cluster.metrics.observer.deploy('created');
  cluster.metrics.observer.artifactDamage('quarantined');
  cluster.metrics.restarted('watchdog');
  const text = await cluster.metrics.render();
  const headers = text.split('\n').filter((line) => line.startsWith('# TYPE '));
  t.equal(new Set(headers).size, headers.length, 'each metric stands once');
  for (const [name, { type }] of Object.entries(METRICS)) {
    t.ok(headers.includes(`# TYPE ${name} ${type}`), name);
  }
  let samples = await scrape(cluster.metrics);
  const bytes = (process: string): number | undefined =>
    samples.get(`process_resident_memory_bytes{process="${process}"}`);
  t.ok((bytes('supervisor') ?? 0) > 1e6);
  t.ok((bytes('worker-1') ?? 0) > 1e6);
  t.ok((bytes('worker-2') ?? 0) > 1e6);
  t.equal(bytes('launcher'), 30_000_000);
  t.ok(samples.has('nodejs_eventloop_lag_seconds{process="worker-1"}'));
  t.ok(samples.has('process_cpu_seconds_total{process="worker-1"}'));
  for (const key of samples.keys()) {
    if (!key.startsWith('faas_')) t.match(key, /process="[a-z0-9-]+"/);
  }
  t.equal(samples.get('faas_workers{state="ready"}'), 2);
  t.equal(samples.get('faas_workers{state="draining"}'), 1);
  t.equal(samples.get('faas_functions_quarantined'), 0);
  cluster.quarantined = 2;
  t.equal((await scrape(cluster.metrics)).get('faas_functions_quarantined'), 2);
  t.equal(samples.get('faas_worker_restarts_total{reason="watchdog"}'), 1);
  t.equal(samples.get('faas_worker_restarts_total{reason="reload"}'), 0);
  t.equal(samples.get('faas_deploys_total{result="created"}'), 1);
  t.equal(samples.get('faas_artifacts_quarantined'), 1);
  t.equal(
    samples.get('faas_host_memory_limit_bytes'),
    1000,
    'that of the host, whatever workers hold',
  );
  t.equal(samples.get('faas_module_cache_bytes'), 2 * 4096);
  leaving.depart();
  samples = await scrape(cluster.metrics);
  t.equal(bytes('worker-2'), undefined, 'who is gone has none');
  t.equal(samples.get('faas_host_memory_limit_bytes'), 1000);
});

t.test('a worker that does not answer does not hold a scrape', async (t) => {
  const cluster = new TestCluster();
  const worker = cluster.createWorker();
  cluster.join('worker-1', worker);
  const asked = Promise.withResolvers<DumpRequest>();
  const answer = Promise.withResolvers<unknown>();
  const feed = cluster.metrics.join('worker-2', (request) => {
    asked.resolve(request);
    return answer.promise;
  });
  worker.invocation(report('app'));
  const rendering = scrape(cluster.metrics);
  await asked.promise;
  cluster.clock.advance(1000);
  t.equal((await rendering).get(okCount('app')), 1);
  feed.depart();
  const late = cluster.createWorker();
  late.invocation(report('app'));
  answer.resolve(await ask(late, await asked.promise));
  t.equal((await scrape(cluster.metrics)).get(okCount('app')), 1, 'too late: it has departed');
  t.throws(() => feed.accept({}), { code: 'metrics_refused' });
});

t.test('workers are asked between scrapes too, until close()', async (t) => {
  const cluster = new TestCluster();
  const worker = cluster.createWorker();
  const pages: MetricsDump[] = [];
  cluster.metrics.join('worker-1', async (request) => {
    const page = (await ask(worker, request)) as MetricsDump;
    pages.push(page);
    return page;
  });
  while (pages.length < 3) {
    cluster.clock.advance(2000);
    await nextTurn();
  }
  t.ok(
    pages.every(({ process }) => process === undefined),
    'Node’s own metrics are for scrapes',
  );
  cluster.metrics.close();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  const before = pages.length;
  cluster.clock.advance(10_000);
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  t.equal(pages.length, before);
});
