/**
 * Group commit: changes that come while the last commit runs are committed together with the next one, so that many
 * writers share the wait for the disk. What waits is bounded; more is refused at once.
 */
import { HostError } from '../base/errors.ts';
import type { KeyValueLimits } from './key-value-store.ts';
import type { Change, ChangeResult } from './sqlite-store.ts';

/** Changes of one transaction: reads wait for it as long as it takes. */
const CHANGES_AT_ONCE = 1024;
/** Bytes after which a transaction takes no further change. */
const BYTES_AT_ONCE = 8 * 1024 * 1024;

/** What one change came to. */
export type ChangeValue = Extract<ChangeResult, { value: unknown }>['value'];

interface Waiting {
  readonly change: Change;
  readonly bytes: number;
  readonly resolve: (value: ChangeValue) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects changes and commits them. */
export class CommitQueue {
  readonly #commit: (changes: readonly Change[]) => readonly ChangeResult[];
  readonly #limits: Pick<KeyValueLimits, 'queue' | 'queueBytes'>;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isScheduled = false;

  /** @param commit Makes changes in one transaction; blocks. */
  constructor(
    commit: (changes: readonly Change[]) => readonly ChangeResult[],
    limits: Pick<KeyValueLimits, 'queue' | 'queueBytes'>,
  ) {
    this.#commit = commit;
    this.#limits = limits;
  }

  /**
   * Makes a change. It is on the disk when the promise resolves.
   *
   * @param bytes About what it keeps in memory while it waits.
   * @throws {key_value_busy} If too much waits.
   */
  push(change: Change, bytes: number): Promise<ChangeValue> {
    checkQueue(this.#waiting.length, this.#waitingBytes + bytes, this.#limits);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#schedule();
    });
  }

  /** Commits all that waits, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commitSome();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After what has arrived by now was read.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#commitSome();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commitSome(): void {
    const batch = this.#take();
    try {
      const results = this.#commit(batch.map(({ change }) => change));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result !== undefined && 'value' in result) resolve(result.value);
        else reject(result?.error);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < CHANGES_AT_ONCE && bytes < BYTES_AT_ONCE) {
      bytes += this.#waiting[count]?.bytes ?? 0;
      count += 1;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#waitingBytes -= bytes;
    return batch;
  }
}

/**
 * Checks that one more may wait.
 *
 * @param count How many wait already.
 * @param bytes What they and the new one keep in memory.
 * @throws {key_value_busy} If it is too much.
 */
export function checkQueue(
  count: number,
  bytes: number,
  { queue, queueBytes }: Pick<KeyValueLimits, 'queue' | 'queueBytes'>,
): void {
  if (count >= queue) {
    throw new HostError('key_value_busy', { waiting: count, what: 'calls', key: 'queue' });
  }
  // One call alone always fits: its size has a bound of its own.
  if (count > 0 && bytes > queueBytes) {
    throw new HostError('key_value_busy', { waiting: bytes, what: 'bytes', key: 'queueBytes' });
  }
}
