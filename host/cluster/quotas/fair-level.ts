/**
 * Max-min fairness: the level up to which everybody's need can be met, so that nobody gets more than the level while
 * somebody below it lacks anything.
 *
 * @param needs Of each, 0 or more.
 * @returns Infinity if all needs can be met.
 */
export function fairLevel(needs: readonly number[], total: number): number {
  const sorted = needs.toSorted((a, b) => a - b);
  let left = total;
  for (const [index, need] of sorted.entries()) {
    const level = left / (sorted.length - index);
    if (need > level) return level;
    left -= need;
  }
  return Infinity;
}
