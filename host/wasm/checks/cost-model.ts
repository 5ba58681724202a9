/**
 * What code costs, in units of about one simple instruction, and how many units may pass between two checks.
 *
 * The bounds are static and hold for a hostile guest: a value that depends on data counts as the largest
 * that matters. A segment, which is what runs between two checks, is at most `BUDGET_UNITS` of code, as much
 * again for a call back into a cycle, and `RETURN_UNITS` for each frame that returns within recursion,
 * of which the stack holds about 30,000: 2 million units, a millisecond or two.
 */

/** Most units on any path from one check to the next, returns from recursion aside. */
export const BUDGET_UNITS = 64 * 1024;
/** Most units from the entry of a function to its first check or its exit, calls included. */
export const ENTRY_UNITS = BUDGET_UNITS / 4;
/** Most units since a check anywhere in a function, so that a call still fits: `ENTRY_UNITS` are left. */
export const SINCE_CHECK_UNITS = BUDGET_UNITS - ENTRY_UNITS;
/** Most units of a frame that runs on without a check after a call that may have recursed. */
export const RETURN_UNITS = 64;
/** A loop that runs at most this many units in all needs no check of its own. */
export const BOUNDED_LOOP_UNITS = 4096;
/** Most units of iterations between two checks of a strip-mined loop. */
export const STRIP_UNITS = 8192;
/** Strips of fewer iterations are not worth their counter. */
export const MIN_STRIP = 8;
/** Straight-line code is cut into pieces of about this many units, so that a check can stand between them. */
export const PIECE_UNITS = 2048;

/** A bulk operation whose size is not constant. */
const BULK_UNITS = BUDGET_UNITS / 4;
/** Entries or bytes of a bulk operation that count as one unit. */
const BULK_PER_UNIT = 16;
/** Raising an exception looks through the stack. */
const THROW_UNITS = 2048;

const ONE_BYTE = createUnits();

/** Units of an opcode as `readOpcode` returns it; what it does to memory in bulk, and what it calls, not counted. */
export function unitsOf(opcode: number): number {
  if (opcode < 0x100) return ONE_BYTE[opcode] ?? 1;
  // Most vector instructions are one or two of the machine's, some are ten.
  return opcode >>> 16 === 0xfe ? 32 : 4;
}

/** Units of a bulk operation on memories or tables. @param size Bytes or entries if constant, -1 if not. */
export function bulkUnits(size: number): number {
  return size < 0 ? BULK_UNITS : Math.min(BULK_UNITS, 4 + Math.ceil(size / BULK_PER_UNIT));
}

function createUnits(): Uint16Array {
  const units = new Uint16Array(256).fill(1);
  const set = (value: number, ...opcodes: number[]): void => {
    for (const opcode of opcodes) units[opcode] = value;
  };
  // nop, block, loop, else, end, drop: no instruction of the machine, though a compiler's first tier may move values.
  set(1, 0x01, 0x02, 0x03, 0x05, 0x0b, 0x1a);
  set(THROW_UNITS, 0x08, 0x09, 0x0a);
  set(4, 0x10, 0x12, 0x0e);
  set(8, 0x11, 0x13, 0x14, 0x15);
  set(8, 0x25, 0x26); // table.get table.set
  set(16, 0xd2); // ref.func
  set(8, 0x6d, 0x6e, 0x6f, 0x70); // i32 division
  set(16, 0x7f, 0x80, 0x81, 0x82); // i64 division
  set(4, 0x8d, 0x8e, 0x8f, 0x90, 0x9b, 0x9c, 0x9d, 0x9e); // rounding
  set(8, 0x91, 0x95, 0x9f, 0xa3); // square root, division
  set(4, 0x96, 0x97, 0xa4, 0xa5); // min max
  set(4, 0xa8, 0xa9, 0xaa, 0xab, 0xae, 0xaf, 0xb0, 0xb1); // truncation
  set(64, 0x40); // memory.grow
  return units;
}
