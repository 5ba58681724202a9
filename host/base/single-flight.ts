/** Runs one task a key at a time: whoever asks while it runs gets the same promise. */

/** Shares the work of concurrent callers that want the same thing. A failure is not remembered. */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Promise<V>>();

  /**
   * @param key What is wanted.
   * @param task Called only if no flight for `key` is under way.
   */
  run(key: K, task: () => Promise<V>): Promise<V> {
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) return underWay;
    const flight = task().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}
