/**
 * The dashboard and the alerts of docs/monitoring with a real Prometheus, which scrapes a host of two workers while its functions
 * fail in every way there is: all queries are understood, give data, and the alerts that should fire do.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT, readSource } from '../architecture/source-files.ts';
import type { HostClient } from '../e2e/host-client.ts';
import { artifactPath, flipBit, preparedPaths } from '../faults/damage.ts';
import { WorkersHost } from '../faults/workers-host.ts';
import { example, misbehave } from '../guests/guests.ts';
import { queriesOf, readDashboard, variablesOf, withEverything } from './dashboard-file.ts';
import { PrometheusProcess, prometheusObstacle, promtool } from './prometheus-process.ts';
import { readRules } from './rules-file.ts';

const ALERTS = 'docs/monitoring/alerts.yaml';
const obstacle = prometheusObstacle();
/** Whose child a process is stands in /proc. */
const liveObstacle = obstacle ?? (process.platform === 'linux' ? undefined : 'needs Linux');

const MEMORY_BYTES = 2 ** 30;
const LIMITS = {
  timeoutMs: 900,
  cpuMs: 20,
  memoryBytes: 16 * 2 ** 20,
  concurrency: 4,
  queue: 2,
};

/** Functions that fail by turns, each with a module of its own. */
const COPIES = 4;

/** What the load below must set off. */
const MUST_FIRE = [
  'FaasFunctionErrors',
  'FaasFunctionSlow',
  'FaasCpuLimitHits',
  'FaasMemoryLimitHits',
  'FaasRequestsShed',
  'FaasHostErrors',
  'FaasCacheThrash',
  'FaasWorkersRestart',
  'FaasArtifactsQuarantined',
  'FaasStorageDamage',
];
/** What it must not; the rest depends on how busy the machine is. */
const MUST_NOT_FIRE = [
  'FaasHostGone',
  'FaasHostMemoryNearLimit',
  'FaasHostMappingsNearLimit',
  'FaasHostFull',
  'FaasFilesNearLimit',
  'FaasNoWorkerReady',
  'FaasFunctionQuarantine',
  'FaasDeploysFail',
];

t.test('promtool understands the rules', { skip: obstacle ?? false }, async (t) => {
  const { isGood, output } = await promtool('check', 'rules', join(ROOT, ALERTS));
  t.ok(isGood, output);
});

t.test('the unit tests of the rules hold', { skip: obstacle ?? false }, async (t) => {
  const file = join(ROOT, 'tests/monitoring/alerts.unit.yaml');
  const { isGood, output } = await promtool('test', 'rules', file);
  t.ok(isGood, output);
});

/** One round of requests that end in all ways, and of modules that push each other out of the cache. */
async function makeRound(host: HostClient): Promise<void> {
  const call = (path: string): Promise<unknown> =>
    host.call(path, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  for (const path of ['/app/', '/kept/', '/usage/', '/echo/', '/hurt/']) await call(path);
  for (const path of ['/panic', '/no-response', '/spin', '/grow?mib=64']) await call(`/bad${path}`);
  // What fails is made anew, from a module that the others have pushed out meanwhile.
  for (let index = 0; index < COPIES; index += 1) await call(`/copy-${index}/panic`);
  const left = host.call('/bad/sleep-forever', { signal: AbortSignal.timeout(100) });
  await Promise.all([
    left.catch(() => undefined),
    call('/bad/sleep-forever'),
    // More than run and wait in two workers.
    ...Array.from({ length: 16 }, () => call('/slow/sleep?ms=700')),
  ]);
}

/** The same component in other bytes: with an empty custom section whose name is a digit. */
function withSection(bytes: Uint8Array, digit: number): Uint8Array {
  return Buffer.concat([bytes, Buffer.from([0, 2, 1, 0x30 + digit])]);
}

/** Deploys functions, damages one, and calls all of them until it is told to stop. */
async function startLoad(
  t: Test,
  cluster: WorkersHost,
): Promise<{ readonly stop: () => Promise<void> }> {
  const { host, dataDir } = cluster;
  await host.deploy('app', example('hello-rust'));
  await host.deploy('kept', example('hello-rust'), { isolation: 'reuse' });
  await host.deploy('usage', example('usage-rust'));
  await host.deploy('echo', example('echo-rust'));
  await host.deploy('bad', misbehave(), { limits: LIMITS });
  await host.deploy('slow', misbehave(), { limits: LIMITS });
  for (let index = 0; index < COPIES; index += 1) {
    await host.deploy(`copy-${index}`, withSection(misbehave(), index));
  }
  const others = await preparedPaths(dataDir);
  await host.deploy('hurt', example('upper-c'));
  await host.refusal('app', Buffer.from('no wasm'));
  await flipBit(artifactPath(dataDir, example('upper-c')));
  for (const file of await preparedPaths(dataDir)) {
    if (!others.includes(file)) await rm(file);
  }
  const state = { isStopped: false };
  const rounds = (async (): Promise<void> => {
    while (!state.isStopped) await makeRound(host);
  })();
  const stop = async (): Promise<void> => {
    state.isStopped = true;
    await rounds;
  };
  t.teardown(stop);
  return { stop };
}

t.test('a live host under load', { skip: liveObstacle ?? false }, async (t) => {
  // Room for one module of the largest function and not for two.
  const moduleBytes = Math.round(misbehave().byteLength * 1.5);
  const config = { cache: { moduleBytes }, limits: { memoryBytes: MEMORY_BYTES } };
  const cluster = await WorkersHost.start(t, { config });
  const text = readSource(ALERTS).text;
  const target = new URL(cluster.host.adminUrl).host;
  const startSeconds = Date.now() / 1000;
  const prometheus = await PrometheusProcess.start(
    t,
    target,
    text.replaceAll(/^( +for:) \d+m$/gm, '$1 1s'),
  );
  await prometheus.until('it has scraped', async () => {
    return (await prometheus.values('faas_workers{state="ready"}')).join() === '2';
  });
  const load = await startLoad(t, cluster);
  for (const _ of [1, 2, 3]) {
    const [victim] = cluster.workers();
    if (victim === undefined) throw new Error('there are workers');
    process.kill(victim.pid, 'SIGKILL');
    await cluster.until('it was replaced', async () => {
      return !cluster.workers().some(({ pid }) => pid === victim.pid) && (await cluster.allServe());
    });
  }

  await t.test('alerts fire', async (t) => {
    for (const name of MUST_FIRE) {
      await t.resolves(
        prometheus.until(`${name} fires`, async () => {
          return (await prometheus.rules()).get(name)?.state === 'firing';
        }),
        name,
      );
    }
    const rules = await prometheus.rules();
    for (const name of MUST_NOT_FIRE) t.equal(rules.get(name)?.state, 'inactive', name);
    const [alert] = rules.get('FaasCpuLimitHits')?.alerts ?? [];
    t.match(alert, {
      labels: { function: 'bad', job: 'faas', severity: 'warning' },
      annotations: { summary: 'Function bad meets its CPU limit' },
    });
  });

  await t.test(
    'every rule is evaluated without an error, and is the one in the file',
    async (t) => {
      const rules = await prometheus.rules();
      const ours = readRules(text).flatMap((group) => group.rules);
      t.equal(rules.size, ours.length);
      for (const { alert, expr, labels, annotations, ...rest } of ours) {
        const rule = rules.get(alert);
        t.match(rule, { health: 'ok', duration: rest.for === undefined ? 0 : 1 }, alert);
        t.same([rule?.labels, rule?.annotations], [labels, annotations], alert);
        t.equal(rule?.query.replaceAll(/\s/g, ''), expr.replaceAll(/\s/g, ''), alert);
      }
    },
  );

  await t.test('every query of the dashboard gives data', async (t) => {
    const dashboard = readDashboard(readSource('docs/monitoring/dashboard.json').text);
    for (const { where, expr, templates } of queriesOf(dashboard)) {
      const series = await prometheus.range(withEverything(expr, '5s'), startSeconds);
      const isThere = series.some(({ values }) =>
        values.some(([, value]) => Number.isFinite(Number(value))),
      );
      t.ok(isThere, `${where}: ${series.length} series`);
      const shown = [...templates.join(' ').matchAll(/\{\{(\w+)\}\}/g)];
      for (const [, label = ''] of shown) {
        t.ok(
          series.some(({ metric }) => metric[label] !== undefined),
          `${where} has the label ${label}`,
        );
      }
    }
    for (const { name, selector, label } of variablesOf(dashboard)) {
      const values = await prometheus.labelValues(label, withEverything(selector, '5s'));
      t.ok(values.length > 0, name);
      if (name === 'function')
        t.ok(values.includes('bad') && values.includes('app'), values.join());
      if (name === 'instance') t.same(values, [target]);
    }
  });

  await t.test('figures are those of the host', async (t) => {
    const outcomes = await prometheus.range(
      'sum by (outcome) (faas_invocations_total)',
      startSeconds,
    );
    const seen = new Set(outcomes.map(({ metric }) => metric['outcome']));
    for (const outcome of [
      'ok',
      'guest_error',
      'trap',
      'cpu_limit',
      'memory_limit',
      'timeout',
      'cancelled',
      'overloaded',
      'host_error',
    ]) {
      t.ok(seen.has(outcome), outcome);
    }
    t.same(await prometheus.values('faas_host_memory_limit_bytes'), [MEMORY_BYTES]);
    t.same(await prometheus.values('faas_artifacts_quarantined'), [1]);
  });

  await t.test('an alert tells of a host that is gone', async (t) => {
    await load.stop();
    t.match(await cluster.host.process.end('SIGTERM'), { code: 0 });
    const gone = prometheus.until('FaasHostGone fires', async () => {
      return (await prometheus.rules()).get('FaasHostGone')?.state === 'firing';
    });
    await t.resolves(gone);
    t.same(await prometheus.values('faas_workers'), []);
  });
});
