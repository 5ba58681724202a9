import '../support/plain-spawn.ts';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseBenchArguments } from '../../benchmarks/kit/arguments.ts';
import { SUITES } from '../../benchmarks/suites/suites.ts';

const script = fileURLToPath(new URL('../../benchmarks/run.js', import.meta.url));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: readonly string[]): Promise<Run> {
  // What tap asks of Node for itself would reach the processes that the host starts, too.
  const env = { ...process.env, NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

t.test('an unknown suite: the suites are listed, and the exit code is 2', async (t) => {
  const { code, stdout, stderr } = await bench('strat');
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, 'Cannot run suite "strat"');
  for (const suite of ['start', 'throughput', 'scale', 'all']) t.match(stderr, `  ${suite} `);
});

t.test('what the command line cannot mean is told', async (t) => {
  for (const [args, problem] of [
    [['report', 'a', 'b'], 'Cannot use "b"'],
    [['start', 'throughput'], 'Cannot run suite "throughput"'],
    [['start', '--fast'], '--fast'],
    [['start', '--samples', '0'], 'Cannot take "0" samples'],
  ] as const) {
    t.match(parseBenchArguments(args, SUITES), { problem: new RegExp(problem) }, args.join(' '));
  }
  t.match(parseBenchArguments([], SUITES), { command: 'suites', suites: SUITES, isStored: true });
  t.match(parseBenchArguments(['all'], SUITES), { suites: SUITES, isStored: false });
  t.match(parseBenchArguments(['guard', 'x'], SUITES), { command: 'guard', directory: 'x' });
});

t.test('results that are not there end in exit code 1', async (t) => {
  const { code, stdout, stderr } = await bench('report', join(t.testdir({}), 'none'));
  t.equal(code, 1);
  t.equal(stdout, '');
  t.match(stderr, 'ENOENT');
});

t.test('stored results are compared without measuring', async (t) => {
  const machine = { date: '', cpu: '', versions: {}, loadAverage: [0, 0, 0] };
  const result = { suite: 'none', startedAt: '', figures: [], tables: [], raw: {} };
  const ratios = [{ name: 'a/b', value: 1 }];
  const results = [{ ...result, ratios }];
  const run = { quick: true, machine, loadAverageAfter: [0], results };
  const directory = t.testdir({ 'none.json': JSON.stringify(run) });
  const guard = await bench('guard', directory);
  t.match(guard, { code: 0, stdout: /\| none a\/b .* new \|\n[^]*guard: 1 ratios, 0 worse\n$/ });
});

t.test('an example that does not exist ends in exit code 1 and no figures', async (t) => {
  const { code, stdout, stderr } = await bench('start', '--only', 'hello-cobol');
  t.equal(code, 1);
  t.equal(stdout, '');
  t.match(stderr, 'Cannot measure "hello-cobol"');
});

t.test('start measures real cold and warm starts, and leaves them as lines and JSON', async (t) => {
  const file = join(t.testdir(), 'start.json');
  const flags = ['--quick', '--only', 'hello-rust', '--samples', '2', '--json', file];
  const run = await bench('start', ...flags);
  t.equal(run.code, 0, run.stderr);
  const figures = new Map(
    [...run.stdout.matchAll(/^figure (\S+) (\S+) ms$/gm)].map(([, name, value]) => [name, value]),
  );
  const names = ['p50', 'p99', 'p99.9', 'total-p50'];
  const expected = [
    ...[...names, 'read-p50', 'compile-p50', 'instantiate-p50', 'served-p50'].map(
      (name) => `cold-${name}:hello-rust`,
    ),
    ...names.map((name) => `warm-${name}:hello-rust`),
  ];
  t.same([...figures.keys()].sort(), expected.sort());
  for (const [name, value] of figures) t.ok(Number(value) > 0, `${name} is ${value}`);
  t.match(run.stdout, /^\| hello-rust cold +\| +2 \|/m);

  const { quick, machine, results } = JSON.parse(await readFile(file, 'utf8'));
  t.equal(quick, true);
  t.equal(machine.node, process.versions.node);
  t.equal(results[0].suite, 'start');
  const { cold, warm } = results[0].raw;
  t.equal(warm['hello-rust'].firstByte.length, 40);
  const { firstByte, read, compile, instantiate, total } = cold['hello-rust'];
  t.equal(firstByte.length, 2);
  for (const index of [0, 1]) {
    t.ok(firstByte[index] > total[index], 'the start is a part of the time to the first byte');
    t.ok(total[index] >= read[index] + compile[index] + instantiate[index] - 0.01);
  }
});
