/** The resource `outgoing-body` of `wasi:http/types`: a body that a guest writes. */
import { OutputStream } from '../io/output-stream.ts';
import type { Guest } from '../ports.ts';
import type { BodyPipe } from './body-pipe.ts';
import { createHttpError, createPlainError } from './error-code.ts';
import { Fields } from './fields.ts';
import { chargeGuest, BODY_BYTES } from './host-budget.ts';

/** A body of a request or response that goes out. */
export class OutgoingBody {
  readonly #guest: Guest;
  readonly #pipe: BodyPipe;
  #stream: 'none' | 'open' | 'dropped' = 'none';
  #gone = false;

  constructor(guest: Guest, pipe: BodyPipe) {
    this.#guest = guest;
    this.#pipe = pipe;
    chargeGuest(guest, BODY_BYTES);
  }

  write(): OutputStream {
    if (this.#stream !== 'none') throw createPlainError();
    this.#stream = 'open';
    return new OutputStream(this.#guest, this.#pipe, () => {
      this.#stream = 'dropped';
    });
  }

  static finish(guest: Guest, body: OutgoingBody, trailers: Fields | undefined): void {
    if (body.#stream === 'open') {
      const rule = 'wasi:http outgoing-body.finish() was called before its stream was dropped';
      return guest.end({ kind: 'rule', rule });
    }
    body.#leave();
    const code = body.#pipe.finish(trailers === undefined ? undefined : Fields.take(trailers));
    if (code !== undefined) throw createHttpError(code);
    return undefined;
  }

  /** A body that was not finished is corrupt, and whoever gets it must be able to tell. */
  [Symbol.dispose](): void {
    this.#leave();
    this.#pipe.abandon();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    chargeGuest(this.#guest, -BODY_BYTES);
  }
}
