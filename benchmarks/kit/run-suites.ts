/** Runs suites one after the other. One that fails is a named gap: the others are measured all the same. */
import type { StoredRun } from '../report/stored-run.ts';
import { describeMachine } from './machine.ts';
import type { Progress } from './progress.ts';
import type { Suite, SuiteOptions } from './suite.ts';

/**
 * Runs them.
 *
 * @param onRun Told of each suite as it ends, so that what was measured is kept whatever comes after it.
 */
export async function runSuites(
  suites: readonly Suite[],
  options: SuiteOptions,
  progress: Progress,
  onRun: (suite: string, run: StoredRun, error: unknown) => Promise<void>,
): Promise<readonly StoredRun[]> {
  const runs: StoredRun[] = [];
  for (const suite of suites) {
    progress.begin(suite.name);
    const machine = describeMachine();
    let failure: unknown;
    const result = await suite
      .run(options, (line) => progress.step(line))
      .catch((error: unknown) => {
        failure = error;
        return undefined;
      });
    progress.end(result === undefined ? 'failed' : 'measured');
    const run: StoredRun = {
      quick: options.quick,
      machine,
      loadAverageAfter: describeMachine().loadAverage,
      results: result === undefined ? [] : [result],
      ...(result === undefined ? { gap: { suite: suite.name, reason: reasonOf(failure) } } : {}),
    };
    runs.push(run);
    await onRun(suite.name, run, failure);
  }
  return runs;
}

function reasonOf(error: unknown): string {
  const parts: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) parts.push(cause.message);
  return parts.length === 0 ? String(error) : parts.join(': ');
}
