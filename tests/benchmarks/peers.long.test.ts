import '../support/plain-spawn.ts';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { SuiteResult } from '../../benchmarks/kit/suite.ts';

t.setTimeout(900_000);

const script = fileURLToPath(new URL('../../benchmarks/run.js', import.meta.url));

/** Runs a suite as a person does, and reads what it leaves. */
async function bench(t: Test, suite: string, ...flags: readonly string[]): Promise<SuiteResult> {
  const file = join(t.testdir(), 'result.json');
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { promise, resolve } = Promise.withResolvers<{ code: number; stderr: string }>();
  const args = [script, suite, '--quick', '--samples', '1', '--json', file, ...flags];
  const child = execFile(process.execPath, args, { env }, (_, __, stderr) =>
    resolve({ code: child.exitCode ?? -1, stderr }),
  );
  const { code, stderr } = await promise;
  t.equal(code, 0, stderr);
  const { results } = JSON.parse(await readFile(file, 'utf8')) as {
    readonly results: readonly [SuiteResult];
  };
  return results[0];
}

/** Every one of them has a figure, or a row that says why not. */
function checkPeers(
  t: Test,
  { figures, tables }: SuiteResult,
  peers: readonly (readonly [name: string, figure: string])[],
): void {
  const rows = tables.flatMap(({ rows: all }) => all);
  for (const [name, figure] of peers) {
    const isMeasured = figures.some((it) => it.name === figure && it.value > 0);
    const gap = rows.find((row) => row[0] === name && row.at(-1)?.startsWith('not measured: '));
    t.ok(isMeasured || gap !== undefined, `${name}: ${gap?.at(-1) ?? figure}`);
  }
}

t.test('throughput measures ours, and each peer or why not', async (t) => {
  const result = await bench(t, 'throughput', '--only', 'hello,json,body,cpu');
  const names = new Set(result.ratios.map(({ name }) => name));
  const expected = ['isolated/fastify', 'reuse/fastify', 'p3-reuse/fastify', 'p3-fresh/p2-fresh'];
  for (const name of [...expected, 'isolated/fastify:json', 'reuse/fastify:cpu']) {
    t.ok(names.has(name), name);
  }
  for (const { name, value, unit } of result.figures) {
    if (unit !== 'us') t.ok(value > 0, `${name} is ${value}`);
  }
  t.ok(result.figures.some(({ name }) => name === 'noop-cost'));
  for (const group of ['', ':json', ':body', ':cpu']) {
    const peers = ['jco-serve-instance', 'workerd', 'wasmtime-serve'].map((peer) => peer + group);
    checkPeers(
      t,
      result,
      peers.map((peer) => [peer, `rps-${peer}`]),
    );
  }
});

t.test('start-peers measures ours, and each peer or why not', async (t) => {
  const result = await bench(t, 'start-peers');
  const figures = new Map(result.figures.map(({ name, value }) => [name, value]));
  for (const name of ['cold-p50', 'cold-p99', 'ours-process-cold', 'warm-p99', 'hot-p99']) {
    t.ok((figures.get(name) ?? 0) > 0, name);
  }
  const names = ['container-static', 'container-node', 'container-static-crun', 'node-process'];
  checkPeers(
    t,
    result,
    [...names, 'worker-thread', 'workerd', 'wasmtime-serve', 'jco-serve'].map((name) => [
      name,
      `start-p50:${name}`,
    ]),
  );
});

t.test('fairness measures ours, and each peer or why not', async (t) => {
  const result = await bench(t, 'fairness');
  const figures = new Map(result.figures.map(({ name, value }) => [name, value]));
  t.ok((figures.get('light-p99:burners') ?? 0) > 0);
  checkPeers(t, result, [
    ['jco-serve', 'light-p50:jco-serve:alone'],
    ['workerd', 'light-p50:workerd:alone'],
  ]);
  const workerd = figures.get('light-unanswered:workerd:burners');
  t.ok(workerd === undefined || workerd === 100, 'nothing there ends a burner');
});
