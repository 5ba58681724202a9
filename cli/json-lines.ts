/** Bytes of an `application/x-ndjson` answer → its JSON values, as they come. */
import { HostError } from '../host/base/errors.ts';

/** Longest line: a deployment's result with a long list of findings has a few KiB. */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

/**
 * Reads the values of a body, one a line.
 *
 * @throws {strange_answer} If a line is not JSON, too long, or cut off.
 */
export async function* readJsonLines(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<unknown, void, void> {
  const decoder = new TextDecoder();
  let begun = '';
  for await (const chunk of body) {
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
    begun += first;
    if (begun.length > MAX_LINE_CHARACTERS) throw strange('a line is too long');
    for (const text of more) {
      yield parseLine(begun);
      begun = text;
    }
  }
  if (begun !== '') throw strange('it was cut off');
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw strange('a line is not JSON');
  }
}

function strange(reason: string): HostError {
  return new HostError('strange_answer', { url: 'the host', reason });
}
