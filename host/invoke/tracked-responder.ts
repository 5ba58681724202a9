/** A responder that remembers how far the response has come: what comes out of order is passed over. */
import type { ByteSink, Field, HttpResponder } from '../wasi/ports.ts';

/** Passes calls on; each of `begin`, and `end` or `abort`, at most once. */
export class TrackedResponder implements HttpResponder {
  readonly #inner: HttpResponder;
  #state: 'unbegun' | 'begun' | 'done' = 'unbegun';

  constructor(inner: HttpResponder) {
    this.#inner = inner;
  }

  begin(status: number, headers: readonly Field[]): ByteSink {
    this.#state = 'begun';
    return this.#inner.begin(status, headers);
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
