/**
 * Public programs' own tests before and after the rewriting: as they were built, rewritten, and rewritten and suspended
 * again and again. The same tests pass, with the same output and exit code.
 */
import t, { type Test } from 'tap';
import { buildCrateTests, findObstacle, type TestProgram } from './build-programs.ts';
import { findEndings, runProgram, withoutTests } from './program-run.ts';

// Building takes minutes, also when the file is run by itself.
t.setTimeout(900_000);
const obstacle = findObstacle();
/** Programs that run at once. */
const AT_ONCE = 2;

const totals = { programs: 0, tests: 0, endings: 0, suspensions: 0 };

t.test('tests of Rust crates', { skip: obstacle ?? false }, async (t) => {
  const left = [...(await buildCrateTests())];
  const take = async (): Promise<void> => {
    for (let program = left.shift(); program !== undefined; program = left.shift()) {
      await compare(t, program);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
  t.ok(totals.programs >= 50 && totals.tests >= 1000, JSON.stringify(totals));
  t.ok(totals.suspensions > 1_000_000, 'the programs were suspended');
  t.comment(JSON.stringify(totals));
});

/** Runs a program in all ways. */
async function compare(t: Test, { name, file }: TestProgram): Promise<void> {
  // A panic ends the whole program: such tests are left out, and run by themselves.
  const endings = await findEndings(file);
  const args = withoutTests(endings);
  const before = await runProgram('untouched', file, args);
  t.equal(before.exitCode, 0, `${name}: passes untouched`);
  for (const mode of ['rewritten', 'yielding'] as const) {
    const after = await runProgram(mode, file, args);
    t.equal(after.exitCode, before.exitCode, `${name} ${mode}: exit code`);
    t.equal(after.output, before.output, `${name} ${mode}: ${before.passed} tests`);
    totals.suspensions += after.yielded;
  }
  for (const ending of endings) {
    const alone = ['--test-threads=1', '--exact', ending];
    const expected = await runProgram('untouched', file, alone);
    const found = await runProgram('rewritten', file, alone);
    t.not(expected.exitCode, 0, `${name} ${ending} ends the program`);
    t.equal(found.exitCode, expected.exitCode, `${name} ${ending}: exit code`);
    t.equal(found.output, expected.output, `${name} ${ending}: output`);
  }
  totals.programs += 1;
  totals.tests += before.passed;
  totals.endings += endings.length;
}
