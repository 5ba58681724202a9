/** Numbered lines of many workers → the log that the supervisor keeps, each once. */
import type { FunctionName } from '../base/ids.ts';
import type { GuestLine, LineSink } from '../logs/guest-line.ts';
import type { Log } from '../logs/log.ts';
import { linesSchema } from './worker-messages.ts';

/** What lines go through. */
export interface WorkerLinesParts {
  readonly guestLog: LineSink;
  readonly log: Log;
  /** Whether a function is deployed: lines of others are too late. */
  readonly isDeployed: (name: FunctionName) => boolean;
}

/** Takes batches. */
export class WorkerLines {
  readonly #parts: WorkerLinesParts;
  /** Number of the next line of each worker. */
  readonly #next = new Map<string, number>();

  constructor(parts: WorkerLinesParts) {
    this.#parts = parts;
  }

  /**
   * Takes a batch; lines that came before are left out.
   *
   * @returns Number of the next line.
   */
  take(worker: string, params: unknown): number {
    const { guestLog, log, isDeployed } = this.#parts;
    const { first, lines } = linesSchema.parse(params);
    const expected = this.#next.get(worker) ?? first;
    if (first > expected) log.warn({ worker, lost: first - expected }, 'lines of guests were lost');
    for (const line of lines.slice(Math.max(0, expected - first))) {
      if (isDeployed(line.function as FunctionName)) guestLog.append(line as GuestLine);
    }
    const next = Math.max(expected, first + lines.length);
    this.#next.set(worker, next);
    return next;
  }

  /** The worker has ended. */
  forget(worker: string): void {
    this.#next.delete(worker);
  }
}
