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
import { composedRawComponent, rawComponent } from './raw-component.ts';
import { arbitraryFunction } from './type-arbitrary.ts';

interface RawTest {
  readonly type: FunctionType;
  readonly encoding: CanonOptions['encoding'];
  /** If what is handed over goes to a second component first: its encoding. */
  readonly behind: CanonOptions['encoding'] | undefined;
  readonly cases: readonly RawCase[];
}

const CASES_EACH = 25;

function arbitraryRaw(
  encodings: readonly CanonOptions['encoding'][],
  isComposed: boolean,
): fc.Arbitrary<RawTest> {
  // An echo does not drop what it borrows.
  const handles = isComposed ? 'own' : 'any';
  return arbitraryFunction({ handles, maxParameters: 5, maxDepth: 3 }).chain((type) =>
    fc.record({
      type: fc.constant(type),
      encoding: fc.constantFrom(...encodings),
      behind: isComposed ? fc.constantFrom(...encodings) : fc.constant(undefined),
      cases: fc.array(arbitraryRawCase(type), { minLength: CASES_EACH, maxLength: CASES_EACH }),
    }),
  );
}

/** @param agrees Whether what came is right. */
async function differs(
  engine: EngineName,
  { type, encoding, behind, cases }: RawTest,
  agrees: (expected: string, came: string, complaint: string | undefined) => boolean,
): Promise<string[]> {
  const text =
    behind === undefined
      ? rawComponent([type], encoding)
      : composedRawComponent([type], encoding, behind);
  const modules = await loadRaw(engine, await parse(text), type);
  const lines: string[] = [];
  for (const test of cases) {
    const expected = expectedOfRaw(type, encoding, test);
    const { came, complaint } = await runRaw(modules[test.direction], type, encoding, test);
    if (expected === undefined || agrees(expected, came, complaint)) continue;
    lines.push(`${engine} ${test.direction}: ${came}\n    instead of ${expected}`, complaint ?? '');
  }
  return lines;
}

/** What came is exactly what must come. */
function isRight(expected: string, came: string, complaint: string | undefined): boolean {
  return came === expected && complaint === undefined;
}

t.test('the native engine lifts what the specification says and traps where it says', async (t) => {
  await checkProperty(t, arbitraryRaw(ENCODINGS, false), 30, (test) =>
    differs('native', test, isRight),
  );
});

t.test('a component that calls another is held to the same', async (t) => {
  await checkProperty(t, arbitraryRaw(ENCODINGS, true), 15, (test) =>
    differs('native', test, isRight),
  );
});

// jco takes wrong alignments and broken text, and refuses booleans beyond 1 and unknown flags.
t.test('jco lifts the same wherever both lift', async (t) => {
  await checkProperty(t, arbitraryRaw(['utf8'], false), 12, (test) =>
    differs(
      'jco',
      test,
      (expected, came) => came === expected || came === 'trap' || expected === 'trap',
    ),
  );
});
