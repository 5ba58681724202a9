/** A sink with little room, whose taker takes when the test says so. */
import type { ByteSink } from '../../host/wasi/ports.ts';

/** Holds what was written until `handOver`. */
export class SlowSink implements ByteSink {
  failure: Error | 'closed' | undefined;
  readonly #room: number;
  #held = Buffer.alloc(0);
  #written = Promise.withResolvers<void>();
  #handedOver = Promise.withResolvers<void>();

  /** @param room Most bytes held. */
  constructor(room: number) {
    this.#room = room;
  }

  get capacity(): number {
    return this.failure === undefined ? this.#room - this.#held.length : 0;
  }

  get pending(): number {
    return this.#held.length;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > this.capacity) throw new Error('more was written than there is room for');
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#written.resolve();
  }

  ready(): Promise<void> {
    return this.capacity > 0 || this.failure !== undefined
      ? Promise.resolve()
      : this.#handedOver.promise;
  }

  flushed(): Promise<void> {
    return this.pending === 0 || this.failure !== undefined
      ? Promise.resolve()
      : this.#handedOver.promise;
  }

  /** Resolves when something is held. */
  untilWritten(): Promise<void> {
    return this.#written.promise;
  }

  /** Takes all that is held. */
  handOver(): string {
    const taken = this.#held.toString();
    this.#held = Buffer.alloc(0);
    this.#written = Promise.withResolvers<void>();
    this.#handedOver.resolve();
    this.#handedOver = Promise.withResolvers<void>();
    return taken;
  }

  close(): void {
    this.failure = 'closed';
    this.#handedOver.resolve();
  }
}
