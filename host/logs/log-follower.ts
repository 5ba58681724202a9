/**
 * One reader of new log lines who may be slow: lines wait in a bounded list, and when it is full the
 * newest are dropped and counted. Part of `guest-log.ts`.
 */
import type { RequestId } from '../base/ids.ts';
import type { FollowEvent, GuestLine } from './guest-line.ts';

/** Lines that wait for a follower; a reader that lags further behind loses some. */
const MAX_WAITING = 1000;

/** Takes lines at the writer's pace and gives them at the reader's. */
export class LogFollower {
  readonly #requestId: RequestId | undefined;
  #waiting: GuestLine[] = [];
  #lost = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  /** @param requestId Only lines of this request, if given. */
  constructor(requestId: RequestId | undefined) {
    this.#requestId = requestId;
  }

  /** A line was written. */
  offer(line: GuestLine): void {
    if (this.#requestId !== undefined && line.requestId !== this.#requestId) return;
    if (this.#waiting.length >= MAX_WAITING) this.#lost += 1;
    else this.#waiting.push(line);
    this.#wake?.();
  }

  /** No more lines will come; what waits is still given. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Lines and losses in order, until the end. */
  async *events(): AsyncGenerator<FollowEvent, void, void> {
    for (;;) {
      const lines = this.#waiting;
      const lost = this.#lost;
      this.#waiting = [];
      this.#lost = 0;
      for (const line of lines) yield { line };
      if (lost > 0) yield { lost };
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
