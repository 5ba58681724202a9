import fc from 'fast-check';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { arbitraryFunction } from './type-arbitrary.ts';
import { rawComponent } from './raw-component.ts';
import { recordingInterface } from './recorder.ts';
import { prepareComponent, loadPrepared } from './load-component.ts';
import { arbitraryRawCase, expectedOfRaw, runRaw } from './raw-case.ts';
import { describeError } from './outcome.ts';
const engine = process.argv[2] as 'native';
const seed = Number(process.argv[3] ?? 1);
const n = Number(process.argv[4] ?? 30);
const t0 = performance.now();
const show = (x: unknown) => JSON.stringify(x, (k, v) => (typeof v === 'bigint' ? v + 'n' : v));
let cases = 0,
  traps = 0,
  fails = 0;
const types = fc.sample(arbitraryFunction({ handles: 'any', maxParameters: 5, maxDepth: 3 }), {
  seed,
  numRuns: n,
});
for (const [i, type] of types.entries()) {
  const encoding =
    engine === 'native' ? (['utf8', 'utf16', 'latin1+utf16'] as const)[i % 3]! : 'utf8';
  const bytes = await parse(rawComponent([type], encoding));
  const host = recordingInterface([type]);
  const mods = {} as any;
  try {
    for (const d of ['take', 'give']) {
      const p = await prepareComponent(engine, bytes, [host], {
        interface: 'test:conformance/api@1.0.0',
        function: d + '0',
      });
      mods[d] = await loadPrepared(p, [host]);
    }
  } catch (e) {
    fails++;
    console.log('LOAD', describeError(e), show(type).slice(0, 500));
    continue;
  }
  for (const c of fc.sample(arbitraryRawCase(type), { seed: seed + i, numRuns: 100 })) {
    cases++;
    const exp = expectedOfRaw(type, encoding, c);
    const got = await runRaw(mods[c.direction], type, encoding, c);
    if (got.came === 'trap') traps++;
    if (exp === undefined) continue;
    const lenient = engine !== 'native' && exp === 'trap';
    if ((exp !== got.came && !lenient) || (got.complaint && engine === 'native')) {
      if (fails++ < 5)
        console.log('FAIL', show(type).slice(0, 1500), '\n', show(c), '\n exp', exp, '\n got', got);
    }
  }
}
console.log({ cases, traps, fails, ms: performance.now() - t0 });
