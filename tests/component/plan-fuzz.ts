/**
 * Mutates real and hand-written components and plans them: whatever comes out must be a plan whose
 * indices hold, a reason to take the jco engine, or a coded error, and soon. The mutations of a seed are
 * the same in every run.
 *
 *   node tests/component/plan-fuzz.ts 100000 [SEED]
 */
import { performance } from 'node:perf_hooks';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HostError } from '../../host/base/errors.ts';
import { planComponent } from '../../host/component/plan-component.ts';
import { example } from '../guests/guests.ts';
import { wat } from '../guests/wat.ts';
import { checkIndices } from './check-indices.ts';

/** What a run found. */
export interface FuzzResult {
  /** How often each result came: `plan`, `unsupported`, a code. */
  readonly counts: ReadonlyMap<string, number>;
  /** What must not happen, with the case it happened in. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
  /** Of the largest plan, as JSON. */
  readonly largestPlanBytes: number;
}

/** Components that use what examples do not. */
const SMALL = [
  `(component
    (component $made
      (core module $m (func (export "d") (param i32)) (func (export "n") (result i32) i32.const 0)
        (func (export "g") (param i32) (result i32) local.get 0))
      (core instance $m (instantiate $m))
      (type $t' (resource (rep i32) (dtor (core func $m "d"))))
      (export $t "t" (type $t'))
      (core func (canon resource.new $t)) (core func (canon resource.rep $t))
      (func (export "[constructor]t") (result (own $t)) (canon lift (core func $m "n")))
      (func (export "[method]t.g") (param "self" (borrow $t)) (result u32)
        (canon lift (core func $m "g"))))
    (component $user
      (import "made" (instance $made (export "t" (type $t (sub resource)))
        (export "[constructor]t" (func (result (own $t))))
        (export "[method]t.g" (func (param "self" (borrow $t)) (result u32)))))
      (core func $n (canon lower (func $made "[constructor]t")))
      (core func $g (canon lower (func $made "[method]t.g")))
      (core module $m (import "" "n" (func (result i32)))
        (import "" "g" (func (param i32) (result i32))) (func (export "run") (result i32) i32.const 1))
      (core instance $m (instantiate $m
        (with "" (instance (export "n" (func $n)) (export "g" (func $g))))))
      (func (export "run") (result u32) (canon lift (core func $m "run"))))
    (instance $made (instantiate $made))
    (instance $user (instantiate $user (with "made" (instance $made))))
    (export "run" (func $user "run")))`,
  `(component
    (type $record' (record (field "a" u8) (field "b" string)))
    (import "record" (type $record (eq $record')))
    (type $color' (enum "red" "green" "blue"))
    (import "color" (type $color (eq $color')))
    (type $shape' (variant (case "none") (case "all" (list $record)) (case "one" $color)))
    (import "shape" (type $shape (eq $shape')))
    (import "f" (func $f (param "s" $shape) (param "o" (option (tuple f32 f64 s64)))
      (param "r" (result char (error string))) (result (list (option $shape)))))
    (core module $libc (memory (export "memory") 1) (table (export "t") 2 funcref)
      (global (export "g") (mut i32) (i32.const 1))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "after") (param i32)) (func (export "lifted") (param i32 i32) (result i32)
        unreachable))
    (core instance $libc (instantiate $libc))
    (core func $f' (canon lower (func $f) string-encoding=utf16 (memory (core memory $libc "memory"))
      (realloc (core func $libc "realloc"))))
    (core instance $all (export "f" (func $f')) (export "memory" (memory $libc "memory"))
      (export "t" (table $libc "t")) (export "g" (global $libc "g")))
    (core module $m (import "a" "memory" (memory 1)) (import "a" "t" (table 1 funcref))
      (import "a" "g" (global (mut i32))))
    (core instance (instantiate $m (with "a" (instance $all))))
    (core type (module (type (func)) (import "a" "b" (func (type 0))) (export "c" (memory 1))))
    (func $lifted (param "s" string) (result string) (canon lift (core func $libc "lifted")
      (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))
      (post-return (core func $libc "after"))))
    (instance $i (export "lifted" (func $lifted)))
    (export "t:t/t@1.0.0" (instance $i)))`,
];

/** Plans mutated components. @param cases How many. */
export async function fuzzPlans(cases: number, seed: number): Promise<FuzzResult> {
  const sources = [
    ...(await Promise.all(SMALL.map((text) => parse(text)))),
    await wat('hello'),
    await wat('several-versions'),
    example('hello-rust'),
    example('hello-p3-rust'),
    example('files-rust'),
  ];
  const random = createRandom(seed);
  const counts = new Map<string, number>();
  const failures: string[] = [];
  let slowestMs = 0;
  let largestPlanBytes = 0;
  for (let index = 0; index < cases; index += 1) {
    const source = sources[index % sources.length] ?? new Uint8Array();
    const bytes = mutate(source, sources, random);
    const startedMs = performance.now();
    let result: string;
    try {
      const flattened = planComponent(bytes);
      result = 'plan' in flattened ? 'plan' : 'unsupported';
      if ('plan' in flattened) {
        const wrong = checkIndices(flattened.plan);
        if (wrong.length > 0) failures.push(`case ${index}: ${wrong.join(', ')}`);
        largestPlanBytes = Math.max(largestPlanBytes, JSON.stringify(flattened.plan).length);
      }
    } catch (error) {
      result = error instanceof HostError ? error.code : 'exception';
      if (result === 'exception' || result === 'internal_error') {
        failures.push(`case ${index}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    counts.set(result, (counts.get(result) ?? 0) + 1);
  }
  return { counts, failures, slowestMs, largestPlanBytes };
}

/** Changes one to four bytes, by a little or to anything; or cuts, removes, doubles, or takes from elsewhere. */
function mutate(
  source: Uint8Array,
  sources: readonly Uint8Array[],
  random: (below: number) => number,
): Uint8Array {
  const bytes = Uint8Array.from(source);
  // Real components hold one large core module in the middle: what matters stands before and after it.
  const edge = Math.min(bytes.length, 5000);
  const place = random(2) === 0 ? random(edge) : bytes.length - 1 - random(edge);
  switch (random(10)) {
    case 0:
      return bytes.slice(0, place);
    case 1:
      return concat(bytes.subarray(0, place), bytes.subarray(place + 1 + random(8)));
    case 2:
      bytes.copyWithin(place, random(edge), random(edge));
      return bytes;
    case 3: {
      const other = sources[random(sources.length)] ?? bytes;
      const from = random(Math.min(other.length, edge));
      return concat(bytes.subarray(0, place), other.subarray(from, from + random(64)));
    }
    default:
      for (let left = 1 + random(4); left > 0; left -= 1) {
        const at = (place + random(24)) % bytes.length;
        const value = bytes[at] ?? 0;
        bytes[at] = random(3) === 0 ? random(256) : value + random(5) - 2;
      }
      return bytes;
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A small seeded generator (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

if (import.meta.main) {
  const [cases = '100000', seed = '1'] = process.argv.slice(2);
  const result = await fuzzPlans(Number(cases), Number(seed));
  process.stdout.write(`${JSON.stringify({ ...result, counts: [...result.counts] }, null, 2)}\n`);
  process.exitCode = result.failures.length === 0 ? 0 : 1;
}
