/** Guests that break the canonical ABI, or use it as a weapon: bad pointers, exceptions, tables without end. */
import { wat } from './wat.ts';

const NOWHERE = { burn: '(func $burn)', start: '', handle: '', post: '', realloc: '' };
/** Random bytes: the host asks the guest's `realloc` where to put them, and writes them there. */
const ASK_FOR_BYTES = '(call $random (i64.const 16) (i32.const 64))';
/** A function that throws an exception of its own. */
const THROW = '(tag $e) (func $burn (throw $e))';
const CALL = '(call $burn)';

const FAULTS = {
  'realloc gives an address behind the memory': {
    ...NOWHERE,
    handle: ASK_FOR_BYTES,
    realloc: '(return (i32.const 65530))',
  },
  'realloc gives the highest address': {
    ...NOWHERE,
    handle: ASK_FOR_BYTES,
    realloc: '(return (i32.const -1))',
  },
  'realloc gives an address that is not aligned': {
    ...NOWHERE,
    handle: '(call $environment (i32.const 64))',
    realloc: '(return (i32.const 1025))',
  },
  'realloc traps': { ...NOWHERE, handle: ASK_FOR_BYTES, realloc: '(unreachable)' },
  'realloc throws': { ...NOWHERE, burn: THROW, handle: ASK_FOR_BYTES, realloc: CALL },
  'the result goes behind the memory': {
    ...NOWHERE,
    handle: '(call $random (i64.const 16) (i32.const 65534))',
  },
  'the handler throws': { ...NOWHERE, burn: THROW, handle: CALL },
  'post-return throws': { ...NOWHERE, burn: THROW, post: CALL },
  'post-return traps': { ...NOWHERE, post: '(unreachable)' },
  'its table grows without end': {
    ...NOWHERE,
    burn: `(table $t 1 funcref)
      (func $burn (loop $again
        (br_if $again (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 10000))))
        (unreachable)))`,
    handle: CALL,
  },
  'realloc grows the memory without end': {
    ...NOWHERE,
    handle: ASK_FOR_BYTES,
    realloc: `(loop $again
      (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 16))))
      (unreachable))`,
  },
} as const;

/** What it does. */
export type Fault = keyof typeof FAULTS;

/** All of them. */
export const FAULT_NAMES = Object.keys(FAULTS) as Fault[];

/** A `wasi:http` function that does this at every call, and sets no response. */
export function brokenAbi(fault: Fault): Promise<Uint8Array> {
  return wat('burn', FAULTS[fault]);
}
