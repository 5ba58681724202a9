/** Says where a text stops being JSON. V8 tells the position for some mistakes only. */

/** A place in a text, both counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the first character that no continuation could make part of a JSON text.
 *
 * @param text A text that `JSON.parse` refused.
 * @returns The place of that character, or of the end if the text merely stops too early.
 */
export function findJsonError(text: string): TextPlace {
  // The prefix of `good` characters could go on, the one of `bad` characters could not.
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  const before = text.slice(0, good);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: good - lineStart + 1 };
}

function mayGoOn(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (/^Unexpected end|^Unterminated string/.test(message)) return true;
    const position = /at position (\d+)/.exec(message)?.[1];
    return position !== undefined && Number(position) >= prefix.length;
  }
}
