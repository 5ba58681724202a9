/**
 * Where the output of whoever is served now goes. Guests ask for a standard stream once and keep it for as long as
 * their instance lives; what they write belongs to the invocation that they write it for.
 */
import type { ByteSink } from '../ports.ts';

/** Passes on to a sink that may be another one each time. */
export class CurrentSink implements ByteSink {
  readonly #find: () => ByteSink;

  /** @param find Gives the sink of this moment. */
  constructor(find: () => ByteSink) {
    this.#find = find;
  }

  get capacity(): number {
    return this.#find().capacity;
  }

  get pending(): number {
    return this.#find().pending;
  }

  get failure(): Error | 'closed' | undefined {
    return this.#find().failure;
  }

  write(bytes: Uint8Array): void {
    this.#find().write(bytes);
  }

  ready(): Promise<void> {
    return this.#find().ready();
  }

  flushed(): Promise<void> {
    return this.#find().flushed();
  }
}
