/** Guests that burn CPU for ever, each in another place: a limit of CPU time must stop them in all of them. */
import { CATCHES, type Catch } from './catch-all.ts';
import { wat } from './wat.ts';

/** A tight loop. */
const LOOP = '(func $burn (loop $again (br $again)))';

/** Fibonacci's numbers by their definition, of an index that takes centuries. */
const RECURSION = `
  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func $burn (drop (call $fib (i32.const 90))))`;

/** A loop within a handler of everything, within a loop. */
const inCatchAll = (how: Catch): string => `
  (func $spin (loop $again (br $again)))
  (func $burn (loop $forever ${CATCHES[how].try} (call $spin) ${CATCHES[how].catch} (br $forever)))`;

/** Only where there is an environment, so that it can be tried out at deploy, where there is none. */
const START = `
  (func $start
    (call $environment (i32.const 64))
    (if (i32.load (i32.const 68)) (then (call $burn))))
  (start $start)`;

const NOWHERE = { start: '', handle: '', post: '', realloc: '' };
const CALL = '(call $burn)';
const ASK_FOR_BYTES = '(call $random (i64.const 16) (i32.const 64))';

const PLACES = {
  'tight-loop': { ...NOWHERE, burn: LOOP, handle: CALL },
  recursion: { ...NOWHERE, burn: RECURSION, handle: CALL },
  'catch-all': { ...NOWHERE, burn: inCatchAll('try_table catch_all'), handle: CALL },
  'old-catch-all': { ...NOWHERE, burn: inCatchAll('try … catch_all'), handle: CALL },
  start: { ...NOWHERE, burn: LOOP, start: START },
  'post-return': { ...NOWHERE, burn: LOOP, post: CALL },
  realloc: { ...NOWHERE, burn: LOOP, handle: ASK_FOR_BYTES, realloc: CALL },
  'realloc-recursion': { ...NOWHERE, burn: RECURSION, handle: ASK_FOR_BYTES, realloc: CALL },
  'realloc-catch-all': {
    ...NOWHERE,
    burn: inCatchAll('try_table catch_all'),
    handle: ASK_FOR_BYTES,
    realloc: CALL,
  },
} as const;

/** Where it burns. */
export type BurnPlace = keyof typeof PLACES;

/** All places. Those that begin with `realloc` cannot be suspended, and have a budget of their own. */
export const BURN_PLACES = Object.keys(PLACES) as BurnPlace[];

/** Whatever it is deployed with must name a variable: `start` burns only where there is one. */
export const BURN_ENVIRONMENT: [name: string, value: string][] = [['BURN', '1']];

/** A `wasi:http` function that burns in this place, and sets no response. */
export function burn(place: BurnPlace): Promise<Uint8Array> {
  return wat('burn', PLACES[place]);
}
