/**
 * Has V8 collect its young generation when some cold starts are over. Most of what a cold start makes lives as long as its
 * module, and V8 would copy what twenty of them have made in one go, 2 to 3 ms amid the next one; so it is 1 ms between two.
 */
import { openYoungCollector } from './collector.ts';

/** Cold starts that share a collection. */
const STARTS = 4;

/** What it works with. */
export interface YoungCollectionParts {
  /** Collects the young generation, at once. */
  readonly collect: () => void;
  /** Runs a task when nothing of the present call is on the stack any more, and its response is written. */
  readonly soon: (task: () => void) => void;
}

/** Counts cold starts. */
export class YoungCollection {
  readonly #parts: YoungCollectionParts;
  #starts = 0;

  constructor(parts: YoungCollectionParts) {
    this.#parts = parts;
  }

  /** One for a host, which collects after the I/O of the turn. */
  static open(): YoungCollection {
    return new YoungCollection({ collect: openYoungCollector(), soon: setImmediate });
  }

  /** An invocation that had to load its module has ended. */
  coldStartEnded(): void {
    this.#starts += 1;
    if (this.#starts === STARTS) this.#parts.soon(() => this.#collect());
  }

  #collect(): void {
    this.#starts = 0;
    this.#parts.collect();
  }
}
