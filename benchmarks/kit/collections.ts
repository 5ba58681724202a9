/** For how long V8's collections have held this thread. */
import { PerformanceObserver } from 'node:perf_hooks';

/** Adds up, from the first reading on. */
export class Collections {
  #ms = 0;
  #observer: PerformanceObserver | undefined;

  /** @returns Time in collections since the first reading, ms. */
  readMs(): number {
    if (this.#observer === undefined) {
      this.#observer = new PerformanceObserver((list) => this.#add(list.getEntries()));
      this.#observer.observe({ entryTypes: ['gc'] });
    }
    // What was not delivered yet counts too.
    this.#add(this.#observer.takeRecords());
    return this.#ms;
  }

  #add(entries: readonly { readonly duration: number }[]): void {
    for (const { duration } of entries) this.#ms += duration;
  }
}
