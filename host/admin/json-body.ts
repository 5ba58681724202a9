/** Reads JSON bodies: of bounded depth, and without names that could change an object's prototype. */
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';

/** Deepest nesting that any of our bodies has is 3. */
const MAX_DEPTH = 16;

/** Makes `application/json` the only content type that is read into memory. */
export function registerJsonParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body.toString()));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/**
 * Reads a JSON body.
 *
 * @throws {invalid_request} If it is not JSON, too deep, or names `__proto__`.
 */
export function parseJsonBody(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) {
    throw new HostError('invalid_request', { reason: `its body is nested over ${MAX_DEPTH} deep` });
  }
  try {
    return JSON.parse(text, refusePrototype);
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('invalid_request', { reason: 'its body is not JSON' }, { cause: error });
  }
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value;
  throw new HostError('invalid_request', { reason: 'its body names "__proto__"' });
}

/** Deepest nesting of brackets outside strings, at least that of the JSON value. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString && character === '\\') at += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (depth += 1));
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}
