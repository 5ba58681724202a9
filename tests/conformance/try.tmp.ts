import fc from 'fast-check';
import { arbitraryCase, runCase } from './corpus.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
const seed = Number(process.argv[2] ?? 1);
const n = Number(process.argv[3] ?? 30);
const t0 = performance.now();
let known = 0;
const r = await fc.check(
  fc.asyncProperty(arbitraryCase(true), async (c) => {
    const k = KNOWN_DIFFERENCES.some((d) => d.applies(c));
    if (k) known++;
    const d = await runCase(c, process.argv[4] === 'jco' && !k ? ['jco', 'native'] : ['native']);
    if (d.length) throw new Error(d.join('\n'));
  }),
  { seed, numRuns: n, endOnFailure: false, interruptAfterTimeLimit: 100000 },
);
console.log((performance.now() - t0) / r.numRuns, 'ms/case', r.numRuns, r.failed, known);
if (r.failed) {
  console.log(
    r.counterexample &&
      JSON.stringify(r.counterexample, (k, v) => (typeof v === 'bigint' ? v + 'n' : v)),
  );
  console.log((r.errorInstance as Error)?.message.slice(0, 3000));
}
