/** The promise of the low-water mark, on random code: what lies below it was never written, and nothing else changed about the module. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { lowestWritten } from '../../host/wasm/low-water-mark.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { Random } from '../fuzz/random.ts';
import { resetMark, run, type Call } from './host-side.ts';
import { randomStores } from './random-stores.ts';

const MODULES = 400;
const CALLS = [0, 1, 65_000, 70_100, -5, 131_060];

interface Outcome {
  readonly result: unknown;
  readonly memory: Uint8Array;
}

function call(
  exports: Readonly<Record<string, Call>>,
  memory: WebAssembly.Memory,
  x: number,
): Outcome {
  let result: unknown;
  try {
    result = exports['f0']?.(x);
  } catch (error) {
    // Traps, and exceptions of the module itself.
    result = error instanceof WebAssembly.RuntimeError ? 'trap' : 'exception';
  }
  return { result, memory: new Uint8Array(memory.buffer).slice() };
}

t.test('no byte below the mark differs, and random modules do what they did before', async (t) => {
  const counts = { calls: 0, traps: 0, changed: 0, bounded: 0, untouched: 0 };
  for (let seed = 0; seed < MODULES; seed += 1) {
    const wat = randomStores(new Random(seed));
    const original = await parse(wat);
    const module = rewriteCoreModule(original, { checks: seed % 2 === 0 });
    const [written] = module.contract.writes;
    // A module whose stores were all left out writes nothing.
    const bound = written?.bound ?? 2 ** 32;
    const before = new WebAssembly.Instance(new WebAssembly.Module(original));
    const beforeMemory = before.exports['memory'] as WebAssembly.Memory;
    const after = run(module);
    const [afterMemory] = after.memories;
    if (afterMemory === undefined) throw new Error('a module without memory');
    for (const x of CALLS) {
      const image = new Uint8Array(afterMemory.buffer).slice();
      resetMark(after);
      const expected = call(before.exports as Record<string, Call>, beforeMemory, x);
      const found = call(after.exports, afterMemory, x);
      const from = lowestWritten(after.mark(), bound);
      const same = Buffer.compare(image.subarray(0, from), found.memory.subarray(0, from)) === 0;
      if (!same) t.fail(`seed ${seed}, call of ${x}: written below ${from}\n${wat}`);
      if (expected.result !== found.result || Buffer.compare(expected.memory, found.memory) !== 0) {
        t.fail(
          `seed ${seed}, call of ${x}: ${String(expected.result)}, then ${String(found.result)}\n${wat}`,
        );
      }
      counts.calls += 1;
      if (typeof found.result === 'string') counts.traps += 1;
      if (Buffer.compare(image, found.memory) === 0) counts.untouched += 1;
      else counts.changed += 1;
      if (from > 1024 && from < image.length) counts.bounded += 1;
    }
    if (!t.passing()) return;
  }
  t.ok(
    counts.changed > 500 && counts.bounded > 300 && counts.traps < counts.calls * 0.8,
    JSON.stringify(counts),
  );
});
