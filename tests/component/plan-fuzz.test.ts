import t from 'tap';
import { fuzzPlans } from './plan-fuzz.ts';

/** Far above what the slowest case takes; a case without bounds would take minutes. */
const MOST_MS = 5000;
const MOST_PLAN_BYTES = 64 * 1024 * 1024;

t.test(
  'mutated components end in a plan, a reason or a coded error, in bounded time',
  async (t) => {
    const result = await fuzzPlans(6000, 20_261_120);
    t.same(result.failures, []);
    const known =
      /^(?:plan|unsupported|malformed_wasm|wasm_too_complex|too_many_imports|\w+_refused)$/;
    t.same(
      [...result.counts.keys()].filter((code) => !known.test(code)),
      [],
    );
    for (const [what, least] of [
      ['plan', 200],
      ['malformed_wasm', 1000],
      ['unsupported', 20],
    ] as const) {
      t.ok((result.counts.get(what) ?? 0) > least, `${what}: ${result.counts.get(what)}`);
    }
    t.ok(result.slowestMs < MOST_MS, `slowest: ${result.slowestMs.toFixed(0)} ms`);
    t.ok(result.largestPlanBytes < MOST_PLAN_BYTES);
  },
);
