/** A responder that remembers how far the response has come: what comes out of order is passed over. */
import type { ByteSink, Field, HttpResponder } from '../wasi/ports.ts';

/** Passes calls on; each of `begin`, and `end` or `abort`, at most once. */
export class TrackedResponder implements HttpResponder {
  readonly #inner: HttpResponder;
  readonly #timing: (() => Field | undefined) | undefined;
  #state: 'unbegun' | 'begun' | 'done' = 'unbegun';

  /** @param timing Gives a field that is put behind those of the guest; absent: none. */
  constructor(inner: HttpResponder, timing?: () => Field | undefined) {
    this.#inner = inner;
    this.#timing = timing;
  }

  begin(status: number, headers: readonly Field[]): ByteSink {
    this.#state = 'begun';
    const field = this.#timing?.();
    return this.#inner.begin(status, field === undefined ? headers : [...headers, field]);
  }

  end(trailers: readonly Field[] | undefined): void {
    if (this.#state !== 'begun') return;
    this.#state = 'done';
    this.#inner.end(trailers);
  }

  abort(reason: string): void {
    if (this.#state !== 'begun') return;
    this.#state = 'done';
    this.#inner.abort(reason);
  }
}
