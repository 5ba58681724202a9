/**
 * The benchmarks as a process: arguments, the suites one after the other, then what they found as a
 * Markdown table and as lines for scripts on stdout, as JSON in a file, and as a report with charts. Progress goes to stderr.
 */
import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { inspect } from 'node:util';
import { parseBenchArguments, USAGE, type BenchRequest } from './kit/arguments.ts';
import { describeMachine, type Machine } from './kit/machine.ts';
import { formatLines } from './kit/output-lines.ts';
import { Progress } from './kit/progress.ts';
import { runSuites } from './kit/run-suites.ts';
import type { Suite, SuiteResult } from './kit/suite.ts';
import { formatTable } from './kit/table.ts';
import { compareRatios, describeComparison } from './report/guard.ts';
import {
  createRunDirectory,
  listCommitted,
  loadBaseline,
  loadRuns,
  RESULTS,
  storeSuite,
  type StoredRun,
} from './report/stored-run.ts';
import { SUITES } from './suites/suites.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// Ends as an ordinary exit, so that temporary directories are removed; children end with their channel.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

await main();

async function main(): Promise<void> {
  const request = parseBenchArguments(process.argv.slice(2), SUITES);
  if ('problem' in request) {
    process.stderr.write(`${request.problem}\n\n${listSuites()}\n\n${USAGE}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  try {
    const commands = { suites: measure, report: redraw, guard };
    await commands[request.command](request);
  } catch (error) {
    process.stderr.write(`Cannot finish the benchmark: ${inspect(error)}\n`);
    process.exitCode = EXIT_FAILED;
  }
}

async function measure(request: BenchRequest): Promise<readonly StoredRun[]> {
  const { options, suites, isStored, jsonFile } = request;
  const machine = describeMachine();
  // Figures of few samples are nothing to keep beside others.
  const parent = options.quick ? join(RESULTS, 'local') : RESULTS;
  const directory = isStored ? await createRunDirectory(parent, machine) : undefined;
  let head = `${describeRun(machine)}\n`;
  using progress = new Progress(process.stderr, suites.length);
  const runs = await runSuites(suites, options, progress, async (suite, run, error) => {
    if (error !== undefined) {
      process.stderr.write(`Cannot measure the suite "${suite}": ${inspect(error)}\n`);
      process.exitCode = EXIT_FAILED;
    }
    for (const result of run.results) {
      process.stdout.write(`${head}\n${describeResult(result)}`);
      head = '';
    }
    if (directory !== undefined) await storeSuite(directory, suite, run);
  });
  if (directory !== undefined) await drawReport(directory, runs);
  if (jsonFile !== undefined) {
    const results = runs.flatMap((run) => run.results);
    const { loadAverage: loadAverageAfter } = describeMachine();
    const whole: StoredRun = { quick: options.quick, machine, loadAverageAfter, results };
    await writeFile(jsonFile, `${JSON.stringify(whole)}\n`);
  }
  return runs;
}

async function redraw(request: BenchRequest): Promise<void> {
  const directory = request.directory ?? (await listCommitted()).at(-1);
  if (directory === undefined) throw new Error('Cannot draw a report: there are no results');
  await drawReport(resolve(directory), await loadRuns(directory));
}

async function guard(request: BenchRequest): Promise<void> {
  const { directory } = request;
  const baseline = await loadBaseline();
  const runs = directory === undefined ? await measure(request) : await loadRuns(directory);
  const compared = runs
    .flatMap((run) => run.results)
    .flatMap((now) => {
      const before = baseline.get(now.suite)?.results.find(({ suite }) => suite === now.suite);
      return compareRatios(before, now);
    });
  process.stdout.write(`\n${formatTable(describeComparison(compared))}`);
  const worse = compared.filter(({ verdict }) => verdict === 'worse').length;
  process.stdout.write(`guard: ${compared.length} ratios, ${worse} worse\n`);
  if (worse > 0) process.exitCode = EXIT_FAILED;
}

/** The drawing library takes a quarter of a second to load, and only reports need it. */
async function drawReport(directory: string, runs: readonly StoredRun[]): Promise<void> {
  const { writeReport } = await import('./report/write-report.ts');
  const path = await writeReport(directory, runs);
  process.stderr.write(`report: ${relative(process.cwd(), path)}\n`);
}

function describeRun({ cpu, cores, node, commit, loadAverage }: Machine): string {
  const [load = 0] = loadAverage;
  return `${cpu}, ${cores} cores, Node ${node}, commit ${commit}, load average ${load.toFixed(2)} at the start`;
}

function describeResult({ tables, ratios, figures }: SuiteResult): string {
  return `${tables.map(formatTable).join('\n')}\n${formatLines(ratios, figures)}`;
}

function listSuites(): string {
  const lines = SUITES.map(({ name, description }: Suite) => `  ${name.padEnd(12)}${description}`);
  return ['suites', ...lines, `  ${'all'.padEnd(12)}every suite, one after the other`].join('\n');
}
