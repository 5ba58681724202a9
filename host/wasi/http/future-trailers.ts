/** The resource `future-trailers` of `wasi:http/types`: what comes after a body. */
import type { Pollable } from '../io/pollable.ts';
import type { ByteSource, Field, Guest } from '../ports.ts';
import { errorCodeOf, type ErrorCode } from './error-code.ts';
import { withoutForbidden } from './field-rules.ts';
import { Fields } from './fields.ts';
import { Once, type Result, type TakenOnce } from './once.ts';

/** Read in steps of this size when a guest wants trailers and left the body unread. */
const DRAIN_BYTES = 65_536;

/** What a message's body is made of. */
export interface BodyParts {
  readonly body: ByteSource;
  readonly trailers: () => Promise<readonly Field[] | undefined>;
}

type TrailersResult = Result<Fields | undefined, ErrorCode>;

/** Trailers that will be there when the body has ended. */
export class FutureTrailers {
  readonly #guest: Guest;
  readonly #parts: BodyParts;
  readonly #trailers: Once<TrailersResult>;
  #started = false;

  constructor(guest: Guest, parts: BodyParts) {
    this.#guest = guest;
    this.#parts = parts;
    this.#trailers = new Once(guest);
  }

  subscribe(): Pollable {
    this.#start();
    return this.#trailers.subscribe();
  }

  get(): TakenOnce<TrailersResult> | undefined {
    this.#start();
    return this.#trailers.take();
  }

  [Symbol.dispose](): void {
    this.#parts.body.close();
    this.#trailers.close(discard);
  }

  /** The rest of the body is read and thrown away only once somebody asks. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#read().then(
      (result) => {
        if (!this.#trailers.settle(result)) discard(result);
      },
      (error: unknown) => this.#trailers.settle({ tag: 'err', val: errorCodeOf(error) }),
    );
  }

  async #read(): Promise<TrailersResult> {
    await drain(this.#parts.body);
    const fields = await this.#parts.trailers();
    if (fields === undefined) return { tag: 'ok', val: undefined };
    return { tag: 'ok', val: new Fields(this.#guest, withoutForbidden(fields), true) };
  }
}

function discard(result: TrailersResult): void {
  if (result.tag === 'ok') result.val?.[Symbol.dispose]();
}

async function drain(source: ByteSource): Promise<void> {
  for (;;) {
    const taken = source.take(DRAIN_BYTES);
    if (taken === 'end') return;
    if (taken === undefined) await source.ready();
  }
}
