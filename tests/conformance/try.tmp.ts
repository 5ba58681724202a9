import fc from 'fast-check';
import { arbitraryCase, runCase } from './corpus.ts';
const engines = (process.argv[2] ?? 'jco').split(',') as never;
const seed = Number(process.argv[3] ?? 1);
const n = Number(process.argv[4] ?? 30);
const encs = (process.argv[5] ?? 'utf8').split(',') as never;
const t0 = performance.now();
const r = await fc.check(fc.asyncProperty(arbitraryCase(encs), async (c) => {
  const d = await runCase(c, engines);
  if (JSON.stringify(c, (k,v)=>typeof v==='bigint'?String(v):v).includes('\uFEFF')) return; if (d.length) throw new Error(d.join('\n'));
}), { seed, numRuns: n, endOnFailure: false, interruptAfterTimeLimit: 60000 });
console.log((performance.now()-t0)/r.numRuns, 'ms/case', r.numRuns, r.failed);
if (r.failed) { console.log(r.counterexample && JSON.stringify(r.counterexample, (k,v)=> typeof v==='bigint'?v+'n':v)); console.log((r.errorInstance as Error)?.message.slice(0,3000)); }
