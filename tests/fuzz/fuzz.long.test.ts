/** A small part of `npm run fuzz`, always the same, and proof that it would tell. */
import t from 'tap';
import { Failures } from './failures.ts';
import { fuzzBinaries, runBinary } from './fuzz-binaries.ts';
import { fuzzGuests } from './fuzz-guests.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { makeSeeds } from './seeds.ts';

const SEED = 3;
const seeds = await makeSeeds(SEED);

t.test('changed binaries are refused with a code, or run', async (t) => {
  const failures = new Failures();
  const counts = await fuzzBinaries(4000, SEED, seeds, failures);
  t.same(failures.texts, []);
  t.ok(counts.refused > 1000 && counts.planned > 400, JSON.stringify(counts));
  t.ok(counts.instantiated > 300 && counts.called > 300, JSON.stringify(counts));
});

t.test('wrong values of guests are lifted or trap as the reference says', async (t) => {
  const failures = new Failures();
  const counts = await fuzzGuests(4000, SEED, failures);
  t.same(failures.texts, []);
  t.ok(counts.lifted > 800 && counts.trapped > 800, JSON.stringify(counts));
});

t.test('a component that was not changed runs', async (t) => {
  const counts = { refused: 0, unsupported: 0, planned: 0, instantiated: 0, called: 0 };
  for (const { name, bytes, modules } of seeds) {
    const cores = modules.map(({ offset, bytes: size }) =>
      Buffer.from(bytes.subarray(offset, offset + size)).toString('latin1'),
    );
    t.equal(await runBinary(bytes, new Set(cores), counts), undefined, name);
  }
  t.equal(counts.planned, seeds.length);
});

t.test('a seed repeats its cases', (t) => {
  const [first, second] = seeds;
  if (first === undefined || second === undefined) throw new Error('no seeds');
  const once = mutate(first, second, new Random(SEED));
  t.same(mutate(first, second, new Random(SEED)), once);
  t.notSame(mutate(first, second, new Random(SEED + 1)), once);
  t.end();
});
