/**
 * `npm test`: types, lint, format, then every test. Plain JavaScript that finds the right Node first.
 *
 *   node tests/run.js                all checks and the short tests
 *   node tests/run.js --all          the long suites too (`*.long.test.ts`)
 *   node tests/run.js --check-only   types, lint and format alone
 *   node tests/run.js FILE …         only these test files
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
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

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('--'));
if (files.length === 0) {
  run('types', 'typescript', 'tsc', ['-p', root]);
  run('lint', 'oxlint', 'oxlint', ['--type-aware', '--deny-warnings']);
  run('format', 'oxfmt', 'oxfmt', ['--check']);
}
if (!args.includes('--check-only')) run('tests', 'tap', 'tap', testFiles());

function testFiles() {
  if (files.length > 0) return files;
  const found = fs.globSync('tests/**/*.test.ts', { cwd: root });
  const wanted = found.filter((file) => args.includes('--all') || !file.endsWith('.long.test.ts'));
  return [...(process.env.CI === undefined ? [] : ['--reporter=terse']), ...wanted.sort()];
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
  if (status !== 0) process.exit(status ?? 1);
}
