/**
 * `npm run fuzz -- --cases N --seed N`: as many cases as are wanted, half of them changed binaries, half
 * guests with wrong values. The last two lines are for scripts; any failure makes the exit code 1.
 */
import { parseArgs } from 'node:util';
import { Failures } from './failures.ts';
import { fuzzBinaries } from './fuzz-binaries.ts';
import { fuzzGuests } from './fuzz-guests.ts';
import { makeSeeds } from './seeds.ts';

const USAGE = 'Usage: npm run fuzz -- [--cases 100000] [--seed 1]';
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Cases between two lines of progress. */
const BATCH = 10_000;

await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { cases, seed } = options;
  const failures = new Failures();
  const totals: Record<string, number> = {};
  const seeds = await makeSeeds(seed);
  let done = 0;
  for (let batch = 0; done < cases; batch += 1) {
    const size = Math.min(BATCH, cases - done);
    const binaries = Math.ceil(size / 2);
    // Batches have their own seeds, so that every number of cases is the beginning of a larger one.
    const batchSeed = seed * 10_007 + batch;
    add(totals, await fuzzBinaries(binaries, batchSeed, seeds, failures));
    add(totals, await fuzzGuests(size - binaries, batchSeed, failures));
    done += size;
    process.stderr.write(`${done} of ${cases} cases, ${failures.count} failures\n`);
  }
  for (const text of failures.texts) process.stdout.write(`${text}\n`);
  const what = Object.entries(totals).map(([name, count]) => `${name} ${count}`);
  process.stdout.write(`seed ${seed}: ${what.join(', ')}\n`);
  process.stdout.write(
    `${done} cases, ${failures.count} failures\nfigure fuzz-cases ${done} cases\n`,
  );
  if (failures.count > 0) process.exitCode = EXIT_FAILED;
}

function readOptions(): { readonly cases: number; readonly seed: number } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        cases: { type: 'string', default: '100000' },
        seed: { type: 'string', default: '1' },
      },
    });
    const cases = Number(values.cases);
    const seed = Number(values.seed);
    if (!Number.isSafeInteger(cases) || !Number.isSafeInteger(seed) || cases < 1) return undefined;
    return { cases, seed };
  } catch {
    return undefined;
  }
}

function add(totals: Record<string, number>, counts: object): void {
  for (const [name, count] of Object.entries(counts)) {
    totals[name] = (totals[name] ?? 0) + Number(count);
  }
}
