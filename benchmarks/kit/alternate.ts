/** The order in which sides are measured. */

/**
 * Lists the sides of every round, each round beginning one side later: what the machine does meanwhile
 * and what one side leaves behind for the next meets all of them alike.
 *
 * @returns One list for each round.
 */
export function alternate<T>(sides: readonly T[], rounds: number): T[][] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = sides.length === 0 ? 0 : round % sides.length;
    return [...sides.slice(first), ...sides.slice(0, first)];
  });
}
