/**
 * Where a key stands in a TOML text. The parser gives values without their places; what it can say is whether the
 * first lines of a text are a whole text. The statement that brings the key is the first one with which it is there.
 */
import { parse } from 'smol-toml';

/** A place in a text, both counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds a key.
 *
 * @param text A text that the parser takes.
 * @param path Names from the top to the key; numbers for elements of lists.
 * @returns The first line if the key is not there.
 */
export function findPlace(text: string, path: readonly string[]): TextPlace {
  const lines = text.split('\n');
  let start = 0;
  for (let end = 1; end <= lines.length; end += 1) {
    const tree = parseOrUndefined(lines.slice(0, end).join('\n'));
    if (tree === undefined) continue;
    if (has(tree, path)) return placeWithin(lines, start, end, path);
    start = end;
  }
  return { line: 1, column: 1 };
}

/** Where in a statement: an inline table or a list may name the key on a later line or column. */
function placeWithin(
  lines: readonly string[],
  start: number,
  end: number,
  path: readonly string[],
): TextPlace {
  const name = path.findLast((part) => !/^\d+$/.test(part)) ?? '';
  const bare = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const key = new RegExp(String.raw`(?<![\w-])["']?${bare}["']?(?=\s*[.=\]])`);
  for (let at = start; at < end; at += 1) {
    const column = key.exec(lines[at] ?? '')?.index;
    if (column !== undefined) return { line: at + 1, column: column + 1 };
  }
  return { line: start + 1, column: Math.max(0, (lines[start] ?? '').search(/\S/)) + 1 };
}

function has(tree: unknown, path: readonly string[]): boolean {
  let value = tree;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return false;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return true;
}

function parseOrUndefined(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
