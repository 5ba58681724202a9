import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import {
  KERNELS,
  KERNELS_FILE,
  kernelExport,
  readKernelModule,
} from '../../benchmarks/kit/kernels.ts';
import { Child } from '../../benchmarks/kit/child.ts';
import type { KernelAnswer, KernelQuestion } from '../../benchmarks/kit/kernel-process.ts';

/** xorshift32 and FNV-1a on words, as in `components/kernels-rust/src/random.rs`. */
function* random(): Generator<number, never> {
  let state = 0x9e37_79b9;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}
function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x0100_0193) >>> 0;
}
function hashText(text: string, seed: number): number {
  return Buffer.from(text).reduce(mix, seed);
}

/** The same computations, done by the means of JavaScript. */
const REFERENCES: Readonly<Record<string, (n: number) => number>> = {
  sieve: (n) => {
    let primes = 0;
    for (let number = 2; number < n; number += 1) {
      let factor = 2;
      while (factor * factor <= number && number % factor !== 0) factor += 1;
      if (factor * factor > number) primes += 1;
    }
    return primes;
  },
  fib: (n) => {
    let [now, next] = [0, 1];
    for (let left = n; left > 0; left -= 1) [now, next] = [next, now + next];
    return now;
  },
  matrix: (n) => {
    let sum = 0;
    for (let row = 0; row < n; row += 1) {
      for (let column = 0; column < n; column += 1) {
        let element = 0;
        for (let inner = 0; inner < n; inner += 1) {
          element += (((row * n + inner) % 7) + 0.5) * (((inner * n + column) % 5) - 1.25);
        }
        sum += element;
      }
    }
    const [low = 0, high = 0] = new Uint32Array(Float64Array.of(sum).buffer);
    return (low ^ high) >>> 0;
  },
  sort: (n) => Uint32Array.from(random().take(n)).sort().reduce(mix, 1),
  json: (n) => {
    const numbers = random();
    const next = (): number => numbers.next().value;
    const records = Array.from({ length: n }, (_, id) => {
      const [whole, part, flags] = [next() % 10_000, next() % 100, next()];
      return {
        id,
        name: `item ä ${whole}`,
        price: Number(`${whole}.${String(part).padStart(2, '0')}`),
        open: flags % 2 === 0,
        parent: null,
        tags: [`a\n${flags % 97}`, 'b\\', { deep: [flags % 1000, Number(`-${part}e2`)] }],
      };
    });
    return hashValue(records, 1);
  },
  sha256: (n) => {
    const bytes = Uint8Array.from({ length: n }, (_, index) => index);
    return createHash('sha256').update(bytes).digest().readUInt32BE();
  },
  words: (n) => {
    const counts = new Map<string, number>();
    for (const one of random().take(n)) {
      let number = one % 2000;
      let word = '';
      do {
        word += String.fromCharCode(97 + (number % 26));
        number = Math.floor(number / 26);
      } while (number > 0);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    let sum = 0;
    for (const [word, count] of counts) sum ^= mix(hashText(word, 1), count);
    return sum >>> 0;
  },
  interpreter: (n) => {
    const cells = new Uint32Array(256).fill(3);
    let [turns, sum, address, other] = [n, 1, 7, 0];
    for (; turns > 0; turns -= 1) {
      other = cells[address % 256] ?? 0;
      sum = (sum + other) >>> 0;
      sum = Math.imul(sum, address | 1) >>> 0;
      address = (address ^ turns) >>> 0;
      sum = ((sum >>> 5) | (sum << 27)) >>> 0;
      cells[address % 256] = sum;
    }
    return sum;
  },
};

function hashValue(value: unknown, seed: number): number {
  if (value === null) return mix(seed, 1);
  if (typeof value === 'boolean') return mix(seed, value ? 3 : 2);
  if (typeof value === 'number') {
    const [low = 0, high = 0] = new Uint32Array(Float64Array.of(value).buffer);
    return mix(mix(seed, high), low);
  }
  if (typeof value === 'string') return hashText(value, seed);
  if (Array.isArray(value)) {
    return value.reduce((sum: number, one: unknown) => hashValue(one, sum), mix(seed, 4));
  }
  const fields = Object.entries(value as object);
  return fields.reduce((sum, [name, one]) => hashValue(one, hashText(name, sum)), mix(seed, 5));
}

t.test('every kernel computes what JavaScript computes', (t) => {
  const module = new WebAssembly.Module(Uint8Array.from(readKernelModule()));
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = () => {
      throw new Error(`A kernel called "${name}"`);
    };
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  for (const { name } of KERNELS) {
    const run = exports[kernelExport(name)] as (n: number) => number;
    const reference = REFERENCES[name];
    for (const size of [1, 2, 20, 30])
      t.equal(run(size) >>> 0, reference?.(size), `${name} ${size}`);
  }
  t.end();
});

t.test('the component exports the interface of its kernels', async (t) => {
  t.match(await componentWit(readFileSync(KERNELS_FILE)), 'export bench:kernels/run@0.1.0;');
});

t.test('the kernels run with and without checks, and every side gives samples', async (t) => {
  const script = new URL('../../benchmarks/kit/kernel-process.ts', import.meta.url);
  const child = await Child.start<'ready', KernelQuestion, KernelAnswer>(script);
  t.teardown(() => child.close());
  const answer = await child.ask({ rounds: 2 });
  t.same(
    answer.map(({ kernel }) => kernel),
    KERNELS.map(({ name }) => name),
  );
  for (const { kernel, samples } of answer) {
    for (const [side, times] of Object.entries(samples)) {
      t.equal(times.length, 2, `${kernel} ${side}`);
      t.ok(times.every((ms) => ms > 0));
    }
  }
});
