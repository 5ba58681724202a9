/**
 * Guests that hand over wrong pointers, lengths, characters, discriminants and handles, many times for each
 * of many types: the reference says for every case what must come of it.
 */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import type { CanonOptions, FunctionType } from '../../host/component/plan.ts';
import { describeError } from '../conformance/outcome.ts';
import {
  arbitraryRawCase,
  EDGE_BITS,
  expectedOfRaw,
  runRaw,
  type Change,
  type RawCase,
} from '../conformance/raw-case.ts';
import { composedRawComponent, rawComponent } from '../conformance/raw-component.ts';
import { loadRaw } from '../conformance/raw-module.ts';
import { arbitraryFunction } from '../conformance/type-arbitrary.ts';
import type { Failures } from './failures.ts';
import { Random } from './random.ts';

/** How cases ended. */
export interface GuestCounts {
  lifted: number;
  trapped: number;
  /** Values so many that a host may refuse them. */
  undecided: number;
}

/** Cases of one type: enough that making its component does not count. */
const CASES_EACH = 400;
/** Correct images of one type, of which each case changes one. */
const BASES_EACH = 12;
const ENCODINGS: readonly CanonOptions['encoding'][] = ['utf8', 'utf16', 'latin1+utf16'];
const WIDTHS: readonly Change['width'][] = [1, 2, 4, 8];

/** Runs cases. */
export async function fuzzGuests(
  cases: number,
  seed: number,
  failures: Failures,
): Promise<GuestCounts> {
  const counts: GuestCounts = { lifted: 0, trapped: 0, undecided: 0 };
  const types = Math.ceil(cases / CASES_EACH);
  for (let number = 0; number < types; number += 1) {
    const left = cases - number * CASES_EACH;
    try {
      await fuzzType(Math.min(left, CASES_EACH), seed * 1_000_003 + number, counts, failures);
    } catch (error) {
      failures.add(`guest type ${number} of seed ${seed}: ${describeError(error)}`);
    }
  }
  return counts;
}

async function fuzzType(
  cases: number,
  seed: number,
  counts: GuestCounts,
  failures: Failures,
): Promise<void> {
  const random = new Random(seed);
  const isComposed = random.once(3);
  const bounds = { handles: isComposed ? 'own' : 'any', maxParameters: 5, maxDepth: 3 } as const;
  const type = sample(arbitraryFunction(bounds), seed, 1)[0];
  if (type === undefined) return;
  const encoding = random.pick(ENCODINGS);
  const text = isComposed
    ? composedRawComponent([type], encoding, random.pick(ENCODINGS))
    : rawComponent([type], encoding);
  const modules = await loadRaw('native', await parse(text), type);
  const bases = sample(arbitraryRawCase(type), seed, BASES_EACH);
  for (let number = 0; number < cases; number += 1) {
    const test = changed(random.pick(bases), random);
    const expected = expectedOfRaw(type, encoding, test);
    const { came, complaint } = await runRaw(modules[test.direction], type, encoding, test);
    count(counts, expected);
    if (complaint === undefined && (expected === undefined || expected === came)) continue;
    failures.add(
      `guest case ${number}, seed of the type ${seed}, ${test.direction}: ${came} instead of ${expected}; ${complaint ?? ''}\n` +
        describeCase(type, test),
    );
  }
}

function count(counts: GuestCounts, expected: string | undefined): void {
  if (expected === undefined) counts.undecided += 1;
  else if (expected === 'trap') counts.trapped += 1;
  else counts.lifted += 1;
}

function changed(base: RawCase, random: Random): RawCase {
  const changes = Array.from({ length: random.below(4) }, (): Change => {
    const edge = random.pick(EDGE_BITS);
    return {
      where: random.once(2) ? 'image' : 'core',
      position: random.below(512),
      width: random.pick(WIDTHS),
      // Near an edge is where comparisons go wrong.
      value: random.once(3) ? BigInt.asUintN(64, edge + BigInt(random.below(9) - 4)) : edge,
    };
  });
  return { ...base, changes };
}

function sample<T>(arbitrary: fc.Arbitrary<T>, seed: number, runs: number): readonly T[] {
  return fc.sample(arbitrary, { seed, numRuns: runs });
}

function describeCase(type: FunctionType, test: RawCase): string {
  return `  type ${fc.stringify(type)}\n  case ${fc.stringify(test)}`;
}
