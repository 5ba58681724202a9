/** Stored results → one Markdown report with its charts. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../kit/machine.ts';
import { formatNumber } from '../kit/output-lines.ts';
import type { SuiteResult } from '../kit/suite.ts';
import { formatTable } from '../kit/table.ts';
import { drawChart } from './draw-chart.ts';
import { listCharts } from './list-charts.ts';
import type { StoredRun } from './stored-run.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarking.md', import.meta.url));

/**
 * Writes `report.md` and an SVG file for each chart beside the results, in the place of what was there.
 *
 * @returns Path of the report.
 */
export async function writeReport(directory: string, runs: readonly StoredRun[]): Promise<string> {
  const parts: string[] = [describeRuns(directory, runs)];
  for (const run of runs) {
    if (run.gap !== undefined) parts.push(`## ${run.gap.suite}\n\nNot measured: ${run.gap.reason}`);
    for (const result of run.results) parts.push(await describeSuite(directory, run, result));
  }
  const path = join(directory, 'report.md');
  await writeFile(path, `${parts.join('\n\n')}\n`);
  return path;
}

function describeRuns(directory: string, runs: readonly StoredRun[]): string {
  const [first] = runs;
  const lines = [`# Benchmarks, ${basename(directory)}`, ''];
  if (first !== undefined) lines.push(...describeMachine(first.machine));
  lines.push(
    '',
    `How each figure is taken, and what would falsify it: [benchmarking](${relative(directory, DOCUMENT)}).`,
  );
  return lines.join('\n');
}

function describeMachine({
  cpu,
  cores,
  memoryBytes,
  system,
  node,
  v8,
  versions,
}: Machine): string[] {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- ${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${system}`,
    `- Node ${node}, V8 ${v8}; ${packages.join(', ')}`,
  ];
}

async function describeSuite(
  directory: string,
  { quick, machine, loadAverageAfter }: StoredRun,
  result: SuiteResult,
): Promise<string> {
  const load = [machine.loadAverage, loadAverageAfter].map((average) =>
    (average[0] ?? 0).toFixed(2),
  );
  const head = `Commit ${machine.commit}, ${result.startedAt}, load average ${load.join(' before and ')} after${quick ? ', **with `--quick`**: few samples' : ''}.`;
  const images: string[] = [];
  await removeCharts(directory, result.suite);
  for (const chart of listCharts(result)) {
    await writeFile(join(directory, `${chart.name}.svg`), drawChart(chart));
    images.push(`![${chart.title}](${chart.name}.svg)`);
  }
  const blocks = [
    `## ${result.suite}`,
    head,
    ...result.tables.map((table) => formatTable(table).trimEnd()),
    ...images,
    formatTable(listNumbers(result)).trimEnd(),
  ];
  return blocks.join('\n\n');
}

/** Charts of another run would stand beside these. */
async function removeCharts(directory: string, suite: string): Promise<void> {
  const names = await readdir(directory);
  const old = names.filter((name) => name.startsWith(`${suite}-`) && name.endsWith('.svg'));
  for (const name of old) await rm(join(directory, name));
}

function listNumbers({ ratios, figures }: SuiteResult): Parameters<typeof formatTable>[0] {
  return {
    title: 'Ratios and figures',
    head: ['name', 'value', 'unit'],
    rows: [
      ...ratios.map(({ name, value }) => [name, formatNumber(value), 'ratio']),
      ...figures.map(({ name, value, unit }) => [name, formatNumber(value), unit]),
    ],
    remarks: [],
  };
}
