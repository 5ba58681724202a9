/**
 * Results as files: `benchmarks/results/DATE-CPU/` with `SUITE.json` for each suite, the report and its charts. What was
 * measured is in the JSON alone; everything else is drawn from it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../kit/machine.ts';
import type { SuiteResult } from '../kit/suite.ts';

/** What one run of suites left. */
export interface StoredRun {
  readonly quick: boolean;
  readonly machine: Machine;
  /** Load averages of 1, 5 and 15 minutes at the end. */
  readonly loadAverageAfter: readonly number[];
  readonly results: readonly SuiteResult[];
  /** A suite that was to be measured and could not. */
  readonly gap?: { readonly suite: string; readonly reason: string };
}

/** Where results lie. */
export const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** Makes a directory for a run: `2026-11-21-amd-epyc`; on the same day the next one ends with `-2`. */
export async function createRunDirectory(parent: string, machine: Machine): Promise<string> {
  const name = `${machine.date.slice(0, 10)}-${nameOf(machine)}`;
  await mkdir(parent, { recursive: true });
  for (let turn = 1; ; turn += 1) {
    const directory = join(parent, turn === 1 ? name : `${name}-${turn}`);
    if (existsSync(directory)) continue;
    await mkdir(directory);
    return directory;
  }
}

/** Maker and kind of the CPU: `amd-epyc`. */
function nameOf({ cpu }: Machine): string {
  const words = cpu
    .toLowerCase()
    .replaceAll(/\((r|tm)\)/g, '')
    .split(/[^a-z0-9]+/);
  return (
    words
      .filter((word) => word !== '')
      .slice(0, 2)
      .join('-') || 'unknown'
  );
}

/** Writes what one suite left. */
export async function storeSuite(directory: string, suite: string, run: StoredRun): Promise<void> {
  await writeFile(join(directory, `${suite}.json`), `${JSON.stringify(run)}\n`);
}

/**
 * Reads all results of a directory.
 *
 * @throws {Error} If there are none, or one cannot be read.
 */
export async function loadRuns(directory: string): Promise<readonly StoredRun[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort();
  if (names.length === 0) throw new Error(`Cannot read "${directory}": it has no results`);
  return Promise.all(names.map((name) => loadRun(join(directory, name))));
}

async function loadRun(path: string): Promise<StoredRun> {
  const run = JSON.parse(await readFile(path, 'utf8')) as StoredRun;
  if (Array.isArray(run.results)) return run;
  throw new Error(`Cannot read "${path}": it holds no results`);
}

/** Directories with results that are committed, oldest first; outside of git all but those of `local`. */
export async function listCommitted(parent: string = RESULTS): Promise<readonly string[]> {
  const { status, stdout } = spawnSync('git', ['ls-files', '--', '.'], {
    cwd: parent,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const names =
    status === 0
      ? stdout
          .split('\n')
          .filter((path) => path.endsWith('.json'))
          .map((path) => dirname(path))
      : await readdir(parent);
  // Names begin with their date.
  const wanted = [...new Set(names)].filter((name) => /^\d{4}-\d\d-\d\d-/.test(basename(name)));
  return wanted.sort().map((name) => join(parent, name));
}

/** The last committed run of each suite, by its name. */
export async function loadBaseline(
  parent: string = RESULTS,
): Promise<ReadonlyMap<string, StoredRun>> {
  const baseline = new Map<string, StoredRun>();
  for (const directory of await listCommitted(parent)) {
    for (const run of await loadRuns(directory)) {
      for (const { suite } of run.results) baseline.set(suite, run);
    }
  }
  return baseline;
}
