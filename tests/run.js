/**
 * `npm test`: types, lint, format, then every test. Plain JavaScript that finds the right Node first.
 *
 *   node tests/run.js                all checks and the short tests
 *   node tests/run.js --all          the long suites too (`*.long.test.ts`)
 *   node tests/run.js --long-only    the long suites alone
 *   node tests/run.js --check-only   types, lint and format alone
 *   node tests/run.js FILE …         only these test files
 *
 * Without FILE the last line is for scripts: `totals: N passed, N failed`. A check counts as one, tests by their
 * assertions.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode } from '../cli/find-node.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = findNode();
if (node === undefined) {
  process.stderr.write('Cannot run the tests: run "npm test", which brings Node 26\n');
  process.exit(69);
}
// Whatever a test starts as "node" is this Node too.
process.env.PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
if (node !== process.execPath) {
  process.exit(spawnSync(node, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1);
}

/** Seconds that one file may take. */
const LONG_TIMEOUT = 900;

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('--'));
const isCi = process.env.CI !== undefined;
const isTerminal = process.stdout.isTTY && !isCi;
const isLong = args.includes('--all') || args.includes('--long-only');
const totals = { passed: 0, failed: 0 };

if (files.length === 0 && !args.includes('--long-only')) {
  check('types', 'typescript', 'tsc', ['-p', root]);
  check('lint', 'oxlint', 'oxlint', ['--type-aware', '--deny-warnings']);
  check('format', 'oxfmt', 'oxfmt', ['--check']);
}
// People mend what does not compile before they look at tests; a server reports everything at once.
if (!args.includes('--check-only') && (totals.failed === 0 || isCi)) runTests();
if (files.length === 0) {
  process.stdout.write(`totals: ${totals.passed} passed, ${totals.failed} failed\n`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

function check(what, packageName, command, commandArgs) {
  if (run(what, packageName, command, commandArgs)) totals.passed += 1;
  else totals.failed += 1;
}

function runTests() {
  if (files.length > 0) {
    // Whoever names files reads their output; the totals stand in it.
    const isAnyLong = files.some((file) => file.endsWith('.long.test.ts'));
    const flags = isAnyLong ? [`--timeout=${LONG_TIMEOUT}`] : [];
    process.exitCode = run('tests', 'tap', 'tap', [...flags, ...files]) ? 0 : 1;
    return;
  }
  const wanted = findTests();
  // Without names tap would look for tests itself.
  if (wanted.length === 0) return;
  const folder = fs.mkdtempSync(join(tmpdir(), 'faas-tests-'));
  const output = join(folder, 'tests.tap');
  // Where nobody watches, tap's reporters show progress and lose what failed: that is read from the file.
  const flags = [`--output-file=${output}`, ...(isTerminal ? [] : ['--reporter=silent'])];
  if (isLong) flags.push(`--timeout=${LONG_TIMEOUT}`);
  const isGood = run('tests', 'tap', 'tap', [...flags, ...wanted]);
  if (!isTerminal) printFailures(output);
  const { pass = 0, fail = 0 } = readTotals(output);
  totals.passed += pass;
  // A runner that broke off without counting has failed too.
  totals.failed += isGood ? fail : Math.max(fail, 1);
  fs.rmSync(folder, { recursive: true, force: true });
}

function findTests() {
  return fs
    .globSync('tests/**/*.test.ts', { cwd: root })
    .filter((file) => (file.endsWith('.long.test.ts') ? isLong : !args.includes('--long-only')))
    .sort();
}

/** Prints each `not ok` with the block that explains it; a test file stands below what failed in it. */
function printFailures(file) {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  for (const [failure] of text.matchAll(/^( *)not ok .*\n(?:\1 {2}---\n[^]*?^\1 {2}\.\.\.\n)?/gm)) {
    process.stdout.write(failure);
  }
}

/** Reads tap's last line but one: `# { total: 24, pass: 23, fail: 1 }`. */
function readTotals(file) {
  if (!fs.existsSync(file)) return {};
  const last =
    fs
      .readFileSync(file, 'utf8')
      .match(/^# \{ total: .*\}$/gm)
      ?.at(-1) ?? '';
  return Object.fromEntries(
    [...last.matchAll(/(\w+): (\d+)/g)].map(([, name, count]) => [name, Number(count)]),
  );
}

function run(what, packageName, command, commandArgs) {
  const manifestPath = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
  const { bin } = createRequire(import.meta.url)(manifestPath);
  const script = join(dirname(manifestPath), typeof bin === 'string' ? bin : bin[command]);
  const startedMs = Date.now();
  const { status } = spawnSync(node, [script, ...commandArgs], { cwd: root, stdio: 'inherit' });
  process.stderr.write(
    `${what}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)\n`,
  );
  return status === 0;
}
