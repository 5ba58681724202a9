/** Guests that catch whatever can be caught and never end: only an uncatchable ending stops them. */
import { wat } from './wat.ts';

/** Ways to catch everything: the exceptions of 2021 that engines still run, and the ones of the specification. */
export const CATCHES = {
  'try … catch_all': { try: 'try', catch: 'catch_all end' },
  'try_table catch_all': {
    try: '(block $caught (try_table (catch_all $caught)',
    catch: '))',
  },
  'try_table catch_all_ref': {
    try: '(drop (block $caught (result exnref) (try_table (catch_all_ref $caught)',
    catch: ') (ref.null exn)))',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** A key of `CATCHES`. */
export type Catch = keyof typeof CATCHES;

/**
 * A `wasi:http` function that loops for ever.
 *
 * @param call What it does in the loop: `spin` reads a clock, `sleep` waits an hour, `cheat` drops a
 *   handle that there never was.
 */
export function catchAll(how: Catch, call: 'spin' | 'sleep' | 'cheat'): Promise<Uint8Array> {
  return wat('catch-all', { ...CATCHES[how], call: `$${call}` });
}

/** A command that calls `exit` for ever. */
export function catchExit(how: Catch): Promise<Uint8Array> {
  return wat('catch-exit', CATCHES[how]);
}
