/** The name in a `Host` field: lower case, without port, brackets kept, without the root's dot. */

const COLON = 0x3a;
const DOT = 0x2e;

/**
 * Takes the name out of an authority. Costs nothing when there is nothing to change.
 *
 * @param authority `App.localhost:8080`, `[::1]:80`, or empty.
 */
export function hostNameOf(authority: string): string {
  let end = authority.length;
  for (let index = end - 1; index >= 0; index -= 1) {
    const code = authority.charCodeAt(index);
    if (code === COLON) {
      end = index;
      break;
    }
    // Anything but a digit: there is no port.
    if (code < 0x30 || code > 0x39) break;
  }
  if (end > 0 && authority.charCodeAt(end - 1) === DOT) end -= 1;
  return (end === authority.length ? authority : authority.slice(0, end)).toLowerCase();
}
