/** Finds what somebody probably meant: the known word with the fewest changed characters. */

/**
 * The word of `known` that is nearest to `given`, or undefined if none is near.
 *
 * @param given What was written; only its first 100 characters count.
 * @param known What could have been meant.
 */
export function findNearest(given: string, known: Iterable<string>): string | undefined {
  const wanted = given.slice(0, 100).toLowerCase();
  let best: string | undefined;
  // More than a third of the characters wrong is no misspelling.
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const word of known) {
    const distance = editDistance(wanted, word.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, or `limit` if it is that or more. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let above = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      const change = (above[column - 1] ?? limit) + same;
      const insert = (current[column - 1] ?? limit) + 1;
      const remove = (above[column] ?? limit) + 1;
      current.push(Math.min(change, insert, remove));
    }
    above = current;
  }
  return Math.min(above[right.length] ?? limit, limit);
}
