/** Every value of every type through both engines: what is put in must arrive, in both directions. */
import fc from 'fast-check';
import t from 'tap';
import type { FunctionType, ValueType } from '../../host/component/plan.ts';
import { checkProperty } from './check-property.ts';
import { ENCODINGS, arbitraryCase, runCase, type EchoCase } from './corpus.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';

/** The long suite has more. */
const RUNS = 80;

/** What differs, on jco too unless it is known to be wrong there. */
function differs(test: EchoCase): Promise<string[]> {
  const isKnown = KNOWN_DIFFERENCES.some(({ applies }) => applies(test));
  return runCase(test, isKnown ? ['native'] : ['jco', 'native']);
}

/** A case of one function `f(p: type) -> type` that is called with each value and gives it. */
function echoOf(type: ValueType, values: readonly unknown[], encoding = ENCODINGS[0]): EchoCase {
  const shape: FunctionType = { parameters: [{ name: 'p', type }], result: type };
  return {
    functions: [shape],
    encoding: encoding ?? 'utf8',
    behind: undefined,
    waits: false,
    calls: [values.map((value) => ({ parameters: [value], result: value }))],
  };
}

t.test('both engines pass on random values of random types', async (t) => {
  await checkProperty(t, arbitraryCase(false), RUNS, differs);
});

t.test('both engines pass on values between the components of a composition', async (t) => {
  await checkProperty(t, arbitraryCase(true, ['utf8']), RUNS / 2, differs);
});

t.test('the native engine recodes strings between the components of a composition', async (t) => {
  await checkProperty(t, arbitraryCase(true), RUNS / 2, (test) => runCase(test, ['native']));
});

t.test(
  'both engines pass on large lists and strings, for which the guest grows its memory',
  async (t) => {
    const many = Array.from({ length: 20_000 }, (_, index) => index);
    const words = many.slice(0, 3000).map((index) => `word ${index} — ${'é'.repeat(index % 50)}`);
    const text = 'ÿĀ\u{1F600}'.repeat(30_000);
    const cases: readonly EchoCase[] = [
      echoOf({ kind: 'list', element: { kind: 'u8' } }, [Uint8Array.from(many)]),
      echoOf({ kind: 'list', element: { kind: 'u64' } }, [BigUint64Array.from(many, BigInt)]),
      echoOf({ kind: 'list', element: { kind: 'string' } }, [words]),
      echoOf({ kind: 'list', element: { kind: 'option', some: { kind: 'f64' } } }, [many]),
      ...ENCODINGS.map((encoding) => echoOf({ kind: 'string' }, [text], encoding)),
    ];
    for (const test of cases) t.same(await differs(test), [], JSON.stringify(test.functions));
  },
);

t.test('both engines pass on types with many cases, whose discriminants are wider', async (t) => {
  const names = Array.from({ length: 300 }, (_, index) => `c${index}`);
  const cases = names.map((name, index) => ({
    name,
    type: index % 2 === 0 ? undefined : ({ kind: 'u64' } as const),
  }));
  t.same(await differs(echoOf({ kind: 'enum', names }, ['c0', 'c255', 'c256', 'c299'])), []);
  const values = [{ tag: 'c0' }, { tag: 'c255', val: 1n }, { tag: 'c299', val: 2n ** 64n - 1n }];
  const list: ValueType = { kind: 'list', element: { kind: 'variant', cases } };
  t.same(await differs(echoOf(list, [values])), []);
});

t.test(
  'the native engine keeps a byte order mark, and replaces half a surrogate pair',
  async (t) => {
    const marked = ['\uFEFF', '\uFEFFa', 'a\uFEFF'];
    for (const encoding of ENCODINGS) {
      const type: ValueType = { kind: 'string' };
      t.same(await runCase(echoOf(type, marked, encoding), ['native']), [], encoding);
      const [difference = ''] = await runCase(echoOf(type, ['a\uD800b'], encoding), ['native']);
      t.match(difference, 'calls f0("a\uFFFDb")', encoding);
    }
  },
);

t.test('what is known of jco is still so', async (t) => {
  for (const { reason, applies, example } of KNOWN_DIFFERENCES) {
    if (example === undefined) continue;
    t.ok(applies(example), reason);
    t.not((await runCase(example, ['jco'])).length, 0, reason);
    t.same(await runCase(example, ['native']), [], reason);
  }
});

t.test('a difference is found', async (t) => {
  const wrong = { ...echoOf({ kind: 'u8' }, [300]) };
  for (const engine of ['jco', 'native'] as const) {
    const found = await runCase(wrong, [engine]);
    t.match(found.join('\n'), 'instead of', engine);
  }
  const failing = await fc.check(
    fc.asyncProperty(fc.constant(wrong), async (test) => (await differs(test)).length === 0),
    { numRuns: 1 },
  );
  t.ok(failing.failed);
});
