/** Runs a property of fast-check as one assertion, which names the seed and the smallest case when it fails. */
import fc from 'fast-check';
import type { Test } from 'tap';

/** Seed of `npm test`; FAAS_TEST_SEED gives another, `random` one that nobody has tried. */
const DEFAULT_SEED = 20_261_120;

/**
 * Checks.
 *
 * @param differs Gives what is wrong with a case, one line each; nothing if it is right.
 */
export async function checkProperty<T>(
  t: Test,
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  differs: (test: T) => Promise<readonly string[]>,
): Promise<void> {
  const wanted = process.env['FAAS_TEST_SEED'];
  const seed = wanted === 'random' ? Date.now() : Number(wanted ?? DEFAULT_SEED);
  const found = await fc.check(
    fc.asyncProperty(arbitrary, async (test) => {
      const lines = await differs(test);
      if (lines.length > 0) throw new Error(lines.join('\n'));
    }),
    { seed, numRuns: runs, interruptAfterTimeLimit: 100_000 },
  );
  if (!found.failed) {
    t.pass(`${found.numRuns} cases with seed ${seed}`);
    return;
  }
  const reason = found.errorInstance instanceof Error ? found.errorInstance.message : 'no reason';
  t.fail(`seed ${seed}, path ${found.counterexamplePath ?? ''}`, {
    found: reason.split('\n'),
    case: fc.stringify(found.counterexample?.[0]),
  });
}
