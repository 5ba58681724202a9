/**
 * The tests of the WebAssembly specification and of its proposals before and after the rewriting: the same results, bit
 * by bit, the same traps, the same memories; and what V8 refuses stays refused.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import t from 'tap';
import { buildSpecTests, findObstacle } from './build-programs.ts';
import type { Epoch } from './rewritten-host.ts';
import type { SpecCommand } from './spec-command.ts';
import { runSpecFile } from './spec-file.ts';

// Building and the second pass take minutes each, also when the file is run by itself.
t.setTimeout(900_000);
const obstacle = findObstacle();
/** What the host refuses though V8 takes it, by design. */
const REFUSALS: readonly string[] = ['gc_refused', 'shared_memory_refused'];

async function compareAll(t: import('tap').Test, epoch: Epoch): Promise<number> {
  const totals = { files: 0, compared: 0, met: 0, modules: 0, invalid: 0, skipped: 0, checks: 0 };
  const refusals: Record<string, number> = {};
  for (const path of await buildSpecTests()) {
    const commands = JSON.parse(readFileSync(path, 'utf8')) as readonly SpecCommand[];
    const outcome = runSpecFile(commands, epoch);
    t.same(outcome.differences, [], basename(path, '.json'));
    totals.files += 1;
    for (const key of ['compared', 'met', 'modules', 'invalid', 'skipped', 'checks'] as const) {
      totals[key] += outcome[key];
    }
    for (const [code, count] of Object.entries(outcome.refusals)) {
      refusals[code] = (refusals[code] ?? 0) + count;
    }
  }
  t.same(Object.keys(refusals).toSorted(), REFUSALS);
  t.ok(totals.files > 600 && totals.compared > 100_000 && totals.invalid > 10_000);
  t.ok(totals.met > 0.99 * totals.compared, 'nearly all are as the specification has them');
  t.comment(JSON.stringify({ ...totals, refusals }));
  return totals.checks;
}

t.test('with an epoch that stands', { skip: obstacle ?? false }, async (t) => {
  t.equal(await compareAll(t, 'still'), 0, 'no check asks');
});

t.test('with a guest that is to yield at every check', { skip: obstacle ?? false }, async (t) => {
  t.ok((await compareAll(t, { everyChecks: 1 })) > 1_000_000, 'the checks ask');
});
