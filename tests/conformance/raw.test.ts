/** Wrong pointers, lengths, characters, discriminants and handles: a trap exactly where the specification wants one. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import t from 'tap';
import type { CanonOptions, FunctionType } from '../../host/component/plan.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import { checkProperty } from './check-property.ts';
import { ENCODINGS } from './corpus.ts';
import { arbitraryRawCase, expectedOfRaw, runRaw, type RawCase } from './raw-case.ts';
import { loadRaw } from './raw-module.ts';
import { rawComponent } from './raw-component.ts';
import { arbitraryFunction } from './type-arbitrary.ts';

interface RawTest {
  readonly type: FunctionType;
  readonly encoding: CanonOptions['encoding'];
  readonly cases: readonly RawCase[];
}

const CASES_EACH = 25;

function arbitraryRaw(encodings: readonly CanonOptions['encoding'][]): fc.Arbitrary<RawTest> {
  return arbitraryFunction({ handles: 'any', maxParameters: 5, maxDepth: 3 }).chain((type) =>
    fc.record({
      type: fc.constant(type),
      encoding: fc.constantFrom(...encodings),
      cases: fc.array(arbitraryRawCase(type), { minLength: CASES_EACH, maxLength: CASES_EACH }),
    }),
  );
}

/** @param agrees Whether what came is right. */
async function differs(
  engine: EngineName,
  { type, encoding, cases }: RawTest,
  agrees: (expected: string, came: string, complaint: string | undefined) => boolean,
): Promise<string[]> {
  const modules = await loadRaw(engine, await parse(rawComponent([type], encoding)), type);
  const lines: string[] = [];
  for (const test of cases) {
    const expected = expectedOfRaw(type, encoding, test);
    const { came, complaint } = await runRaw(modules[test.direction], type, encoding, test);
    if (expected === undefined || agrees(expected, came, complaint)) continue;
    lines.push(`${engine} ${test.direction}: ${came}\n    instead of ${expected}`, complaint ?? '');
  }
  return lines;
}

t.test('the native engine lifts what the specification says and traps where it says', async (t) => {
  await checkProperty(t, arbitraryRaw(ENCODINGS), 30, (test) =>
    differs(
      'native',
      test,
      (expected, came, complaint) => came === expected && complaint === undefined,
    ),
  );
});

// jco takes wrong alignments and broken text, and refuses booleans beyond 1 and unknown flags.
t.test('jco lifts the same wherever both lift', async (t) => {
  await checkProperty(t, arbitraryRaw(['utf8']), 12, (test) =>
    differs(
      'jco',
      test,
      (expected, came) => came === expected || came === 'trap' || expected === 'trap',
    ),
  );
});
