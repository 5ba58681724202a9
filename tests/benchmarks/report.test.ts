import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { describeMachine } from '../../benchmarks/kit/machine.ts';
import { Progress } from '../../benchmarks/kit/progress.ts';
import { runSuites } from '../../benchmarks/kit/run-suites.ts';
import type { Suite, SuiteResult } from '../../benchmarks/kit/suite.ts';
import { compareRatios, describeComparison } from '../../benchmarks/report/guard.ts';
import { listCharts } from '../../benchmarks/report/list-charts.ts';
import {
  createRunDirectory,
  listCommitted,
  loadRuns,
  storeSuite,
} from '../../benchmarks/report/stored-run.ts';
import { writeReport } from '../../benchmarks/report/write-report.ts';

const RESULT: SuiteResult = {
  suite: 'speed',
  startedAt: '2026-11-21T00:00:00.000Z',
  figures: [
    { name: 'p50:<b>', value: 0.5, unit: 'ms' },
    { name: 'p99:<b>', value: 90, unit: 'ms' },
    { name: 'rps', value: 1000, unit: 'requests/s' },
  ],
  ratios: [
    { name: 'us/them', value: 2 },
    { name: 'cost/nothing', value: 1.2, better: 'lower' },
    { name: 'noise', value: 1, better: 'neither' },
  ],
  tables: [{ title: 'Speed', head: ['side', 'ms'], rows: [['us', '0.5']], remarks: [] }],
  charts: [
    {
      name: 'speed-growth',
      title: 'Growth',
      kind: 'lines',
      unit: 'us',
      along: 'functions',
      isLogarithmic: true,
      series: [
        {
          name: 'us',
          points: [
            [1, 2],
            [10, 3],
          ],
        },
      ],
    },
  ],
  raw: {},
};

function suite(name: string, run: () => Promise<SuiteResult>): Suite {
  return { name, description: name, run };
}

const options = { quick: true, only: undefined, samples: undefined };

t.test('a suite that fails is a named gap, and the others are measured and kept', async (t) => {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) > 0 } as never;
  const machine = { ...describeMachine(), date: '2026-11-21T10:00:00Z', cpu: 'AMD EPYC(TM) 7' };
  const parent = t.testdir({});
  const directory = await createRunDirectory(parent, machine);
  t.equal(directory, join(parent, '2026-11-21-amd-epyc'));
  t.equal(await createRunDirectory(parent, machine), `${directory}-2`);
  const broken = async (): Promise<SuiteResult> => {
    throw new Error('Cannot measure', { cause: new Error('no such peer') });
  };
  const suites = [suite('broken', broken), suite('speed', async () => RESULT)];
  using progress = new Progress(stream, 2);
  const runs = await runSuites(suites, options, progress, (name, run) =>
    storeSuite(directory, name, run),
  );
  t.same(await loadRuns(directory), JSON.parse(JSON.stringify(runs)));
  t.match(lines.join(''), /suite broken \(1 of 2\)\nbroken: failed, .*\nsuite speed \(2 of 2\)/);

  await writeFile(join(directory, 'speed-old.svg'), 'of another run');
  const report = await readFile(await writeReport(directory, runs), 'utf8');
  t.match(report, '## broken\n\nNot measured: Cannot measure: no such peer\n');
  t.match(report, '| us   | 0.5 |');
  t.match(report, /\| p99:<b> +\| +90 \| +ms \|/);
  const charts = (await readdir(directory)).filter((name) => name.endsWith('.svg')).sort();
  t.same(charts, ['speed-growth.svg', 'speed-ms.svg', 'speed-ratio.svg']);
  for (const chart of charts) {
    t.match(report, `](${chart})`);
    const svg = await readFile(join(directory, chart), 'utf8');
    t.match(svg, /^<svg [^]*<\/svg>\s*$/);
    t.notMatch(svg, '<b>', 'names are text');
  }
});

t.test('figures of one unit share a chart, wide ones with a logarithmic axis', async (t) => {
  const { charts: _, ...plain } = RESULT;
  t.match(listCharts(plain), [
    { name: 'speed-ms', isLogarithmic: true },
    { name: 'speed-ratio', isLogarithmic: false },
  ]);
  const figures = Array.from({ length: 41 }, (_, index) => ({
    name: `f${index}`,
    value: 0,
    unit: '%',
  }));
  t.match(listCharts({ ...plain, ratios: [], figures }), [
    { name: 'speed-percent-1', isLogarithmic: false },
  ]);
});

t.test('the guard compares ratios, each in its direction, and nothing else', async (t) => {
  const now = (us: number, cost: number): SuiteResult => ({
    ...RESULT,
    figures: [{ name: 'rps', value: 1, unit: 'requests/s' }],
    ratios: [
      { name: 'us/them', value: us },
      { name: 'cost/nothing', value: cost, better: 'lower' },
      { name: 'noise', value: 9, better: 'neither' },
      { name: 'added', value: 1 },
    ],
  });
  const verdicts = (result: SuiteResult): readonly string[] =>
    compareRatios(RESULT, result).map(({ verdict }) => verdict);
  t.same(verdicts(now(1.61, 1.49)), ['ok', 'ok', 'not judged', 'new']);
  t.same(verdicts(now(1.59, 1.51)), ['worse', 'worse', 'not judged', 'new']);
  t.same(verdicts(now(3, 0.5)), ['better', 'better', 'not judged', 'new']);
  const gone = compareRatios(RESULT, { ...RESULT, ratios: [] });
  t.same(
    gone.map(({ verdict }) => verdict),
    ['missing', 'missing', 'missing'],
  );
  const { rows } = describeComparison(compareRatios(RESULT, now(2, 2)));
  t.match(rows[0], ['speed cost/nothing', '1.2', '2', 'worse']);
});

t.test('what was committed last is what git knows below benchmarks/results', async (t) => {
  const directories = await listCommitted();
  t.ok(directories.length >= 2);
  t.same(directories, directories.toSorted());
  for (const directory of directories) t.ok((await loadRuns(directory)).length > 0);
});
