/**
 * The low-water mark as the host reads it: a signed i32 global of a module, never above the lowest address
 * that the module wrote to since the host set it.
 *
 * Signed, because then what cannot be bounded bounds itself: an address from 2 GiB up, and a stack pointer that
 * was lowered past zero, are negative and below every other mark, and a negative mark means "from 0 on".
 */

/** What the host sets the mark to when the memory is as it was at the start. */
export const UNWRITTEN_MARK = 0x7fff_ffff;

/**
 * Tells from where on a memory may differ from what it was when the mark was set.
 *
 * @param mark Value of the global, a signed number of 32 bits; undefined if the module has none.
 * @param bound The module's `bound` for this memory, in bytes.
 * @returns An address in bytes; everything below it is as it was. It may lie behind the end of the memory.
 */
export function lowestWritten(mark: number | undefined, bound: number): number {
  return mark === undefined || mark < 0 ? 0 : Math.min(mark, bound);
}
