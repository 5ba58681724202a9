/** A client that sends one request after the other and says when the first and the last byte came. */
import type { Closeable } from '../../host/base/closeable.ts';
import { LoadConnection } from '../../cli/bench/load-connection.ts';

/** Times of one exchange, ms after the request was written. */
export interface ExchangeDuration {
  readonly firstByteMs: number;
  readonly lastByteMs: number;
}

/** A keep-alive connection to a server on this machine. Its first exchange holds the TCP handshake. */
export class FirstByteClient implements Closeable, Disposable {
  readonly #connection: LoadConnection;
  #waiting: PromiseWithResolvers<ExchangeDuration> | undefined;
  #failure: Error | undefined;

  /** @param port Port on 127.0.0.1. */
  constructor(port: number) {
    this.#connection = new LoadConnection(
      { host: '127.0.0.1', port },
      {
        answered: ({ status }, { sentMs, firstByteMs, endMs }) => {
          if (status !== 200) {
            this.#waiting?.reject(new Error(`Cannot measure a request: status ${status}`));
          }
          this.#waiting?.resolve({ firstByteMs: firstByteMs - sentMs, lastByteMs: endMs - sentMs });
        },
        failed: (error) => {
          this.#failure = error;
          this.#waiting?.reject(error);
        },
      },
    );
  }

  /**
   * Sends a request; the last one was answered.
   *
   * @throws {Error} If the answer is not a 200 or the connection fails.
   */
  async measure(request: Uint8Array): Promise<ExchangeDuration> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting = Promise.withResolvers<ExchangeDuration>();
    this.#connection.send(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
