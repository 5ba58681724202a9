/**
 * The benchmarks as a process: arguments, the suites one after the other, then what they found as a
 * Markdown table and as lines for scripts on stdout, and as JSON in a file. Progress goes to stderr.
 */
import { writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { parseBenchArguments, USAGE } from './kit/arguments.ts';
import { describeMachine, type Machine } from './kit/machine.ts';
import { formatLines } from './kit/output-lines.ts';
import type { Suite, SuiteResult } from './kit/suite.ts';
import { formatTable } from './kit/table.ts';
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
    const results: SuiteResult[] = [];
    const machine = describeMachine();
    for (const suite of request.suites) {
      progress(`suite ${suite.name}${request.options.quick ? ' (quick)' : ''}`);
      results.push(await suite.run(request.options, progress));
    }
    const text = results.map(describeResult).join('\n');
    process.stdout.write(`${describeRun(machine)}\n\n${text}`);
    if (request.jsonFile !== undefined) {
      const loadAverageAfter = describeMachine().loadAverage;
      const whole = { quick: request.options.quick, machine, loadAverageAfter, results };
      await writeFile(request.jsonFile, `${JSON.stringify(whole)}\n`);
    }
  } catch (error) {
    process.stderr.write(`Cannot finish the benchmark: ${inspect(error)}\n`);
    process.exitCode = EXIT_FAILED;
  }
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

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
