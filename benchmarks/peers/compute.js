/** What `GET /cpu` computes everywhere: rounds of xorshift, as in `components/workloads-rust`. */

/**
 * @param {number} rounds How many; each needs the one before.
 * @returns {number} The last state, 32 bits.
 */
export function compute(rounds) {
  let state = 1;
  for (let left = rounds; left > 0; left -= 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state >>> 0;
}
