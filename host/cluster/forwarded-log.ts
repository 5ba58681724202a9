/**
 * Lines of a worker's guests on their way to the supervisor, who keeps them. They are numbered and kept until they are
 * acknowledged, so that a new supervisor gets those that the old one did not; what waits is bounded, and the oldest go first.
 */
import { toHostError } from '../base/errors.ts';
import type { GuestLine, LineSink } from '../logs/guest-line.ts';

/** Lines and text that wait for the supervisor. */
const MAX_LINES = 10_000;
const MAX_UNITS = 16 * 1024 * 1024;
/** Most lines in one message. */
const BATCH_LINES = 1000;
/** How long the supervisor has to take a batch. */
const TIMEOUT_MS = 5000;

/** When what did not arrive is sent again, unless a line or a supervisor comes first. */
const RETRY_MS = 1000;

/** Sends a batch. Rejects if it did not arrive. */
export type SendLines = (
  batch: { readonly first: number; readonly lines: readonly GuestLine[] },
  timeoutMs: number,
) => Promise<unknown>;

/** Takes lines and sends them, one batch at a time. */
export class ForwardedLog implements LineSink {
  readonly #send: SendLines;
  #lines: GuestLine[] = [];
  #units = 0;
  /** Number of the first line that waits. */
  #first = 0;
  #sending: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(send: SendLines) {
    this.#send = send;
  }

  append(line: GuestLine): void {
    this.#lines.push(line);
    this.#units += line.text.length;
    while (this.#lines.length > MAX_LINES || (this.#units > MAX_UNITS && this.#lines.length > 1)) {
      this.#drop(1);
    }
    if (this.#sending === undefined) void this.flush();
  }

  /** Resolves when all lines so far were sent, or could not be. */
  flush(): Promise<void> {
    // Collected for the rest of this turn: one message for what a request wrote.
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#lines.length > 0) {
      const lines = this.#lines.slice(0, BATCH_LINES);
      const first = this.#first;
      try {
        await this.#send({ first, lines }, TIMEOUT_MS);
      } catch (error) {
        // What was refused would be refused again; the rest waits.
        if (toHostError(error).code !== 'internal_error') {
          this.#retryLater();
          return;
        }
      }
      // Some may have been dropped in the meantime.
      this.#drop(Math.max(0, first + lines.length - this.#first));
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.flush(), RETRY_MS).unref();
  }

  #drop(count: number): void {
    for (const { text } of this.#lines.splice(0, count)) this.#units -= text.length;
    this.#first += count;
  }
}
