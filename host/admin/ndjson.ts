/** Answers that come line by line: each line one JSON value (`application/x-ndjson`). */
import { Readable } from 'node:stream';

/** Content type of such answers. */
export const NDJSON = 'application/x-ndjson; charset=utf-8';

/**
 * Makes a body of the values, at the reader's pace.
 *
 * @param values One line each; what they throw breaks the answer off.
 */
export function ndjsonBody(values: AsyncIterable<object>): Readable {
  return Readable.from(linesOf(values), { objectMode: false, encoding: 'utf8' });
}

async function* linesOf(values: AsyncIterable<object>): AsyncGenerator<string, void, void> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
