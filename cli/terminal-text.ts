/**
 * Text from guests and hosts → text that is safe to show: a function's log line must not move the
 * cursor, set the title, answer for the keyboard or turn the direction of writing.
 */

/** C0 but tab, DEL, C1, line and paragraph separators, and what changes the direction of writing. */
const HARMFUL =
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what it is about
  /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Makes one line harmless: `ESC` is shown as `\x1b`, a line feed as `\x0a`. */
export function toTerminalText(text: string): string {
  return text.replaceAll(HARMFUL, showCode);
}

/** The same for text of several lines: line feeds stay. */
export function toTerminalLines(text: string): string {
  return text.split('\n').map(toTerminalText).join('\n');
}

function showCode(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
