/** The resource `incoming-body` of `wasi:http/types`: a body that is read once, then its trailers. */
import { InputStream } from '../io/input-stream.ts';
import type { Guest } from '../ports.ts';
import { createPlainError } from './error-code.ts';
import { FutureTrailers, type BodyParts } from './future-trailers.ts';

/** A body of a request or response that came in. */
export class IncomingBody {
  readonly #guest: Guest;
  readonly #parts: BodyParts;
  #stream: 'none' | 'open' | 'dropped' = 'none';
  /** Dropped or finished while its stream is read on: the stream's drop closes the source then. */
  #dropped = false;

  constructor(guest: Guest, parts: BodyParts) {
    this.#guest = guest;
    this.#parts = parts;
  }

  stream(): InputStream {
    if (this.#stream !== 'none') throw createPlainError();
    this.#stream = 'open';
    return new InputStream(this.#guest, this.#parts.body, () => {
      this.#stream = 'dropped';
      // The source stays open for trailers until the body is dropped too.
      if (this.#dropped) this.#parts.body.close();
    });
  }

  static finish(guest: Guest, body: IncomingBody): FutureTrailers {
    if (body.#stream === 'open') {
      const rule = 'wasi:http incoming-body.finish() was called before its stream was dropped';
      return guest.end({ kind: 'rule', rule });
    }
    return new FutureTrailers(guest, body.#parts);
  }

  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    if (this.#stream !== 'open') this.#parts.body.close();
  }
}
