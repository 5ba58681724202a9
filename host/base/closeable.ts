/** What holds a resource can be closed, once or more often; a `CloseStack` closes many in reverse order. */

/** Something that holds a resource. `close()` may be called again and then does nothing. */
export interface Closeable {
  close(): void | Promise<void>;
}

/**
 * Closes what was pushed in reverse order. Every step runs even when one fails; the first error is
 * thrown at the end.
 *
 * @example
 * await using stack = new CloseStack();
 * const store = stack.push(await openStore());
 */
export class CloseStack implements Closeable, AsyncDisposable {
  readonly #steps: (() => void | Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  /** Takes over a resource and gives it back for use. */
  push<T extends Closeable>(resource: T): T {
    this.#steps.push(() => resource.close());
    return resource;
  }

  /** Takes over a step to run at the end. */
  defer(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        // Steps depend on what was opened before them, so they end one after the other.
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
