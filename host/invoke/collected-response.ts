/** A guest's response kept in memory up to a limit, to be shown as JSON. */
import { CollectSink } from '../wasi/memory-bytes.ts';
import type { ByteSink, Field, HttpResponder } from '../wasi/ports.ts';

/** Bytes of a body that are kept; what is more is dropped and said to be. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** A response as plain data, ready to be shown. */
export interface CollectedBody {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBase64: string;
  /** Whether the body is not all there. */
  readonly truncated: boolean;
  /** Why the response broke off; absent if it did not. */
  readonly aborted?: string;
}

/** Takes one response. */
export class CollectedResponse implements HttpResponder {
  readonly #body = new CollectSink({ limitBytes: MAX_KEPT_BYTES, beyond: 'discard' });
  #status: number | undefined;
  #headers: readonly Field[] = [];
  #aborted: string | undefined;

  /** Whether there is a response at all. */
  get begun(): boolean {
    return this.#status !== undefined;
  }

  begin(status: number, headers: readonly Field[]): ByteSink {
    this.#status = status;
    this.#headers = headers;
    return this.#body;
  }

  end(): void {
    // The body is complete as it is; trailers are not shown.
  }

  abort(reason: string): void {
    this.#aborted = reason;
  }

  /** Status, headers and body; `truncated` if the body is not all there. */
  toJSON(): CollectedBody {
    return {
      status: this.#status ?? 0,
      headers: this.#headers.map(
        ([name, value]) => [name, Buffer.from(value).toString('latin1')] as const,
      ),
      bodyBase64: Buffer.from(this.#body.bytes()).toString('base64'),
      truncated: this.#aborted !== undefined || this.#body.discardedBytes > 0,
      ...(this.#aborted === undefined ? {} : { aborted: this.#aborted }),
    };
  }
}
